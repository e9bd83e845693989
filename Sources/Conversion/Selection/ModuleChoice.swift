import Transformers

/// Which modules of a model a conversion replaces: all of some kinds, or those that it finds to pay.
///
/// In YAML a list of kinds, or `auto`.
public enum ModuleChoice: Sendable, Equatable, ExpressibleByArrayLiteral {
    case ofKinds([SlotKind])
    case automatic

    public init(arrayLiteral elements: SlotKind...) { self = .ofKinds(elements) }

    /// nil where modules are chosen one by one.
    public var kinds: [SlotKind]? {
        if case .ofKinds(let kinds) = self { kinds } else { nil }
    }
}

extension ModuleChoice: Codable {
    private static let automaticName = "auto"

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let name = try? container.decode(String.self) {
            guard name == Self.automaticName else {
                throw DecodingError.dataCorruptedError(
                    in: container,
                    debugDescription: "expected auto or a list of kinds such as [feedForward], found \(name)")
            }
            self = .automatic
        } else {
            self = .ofKinds(try container.decode([SlotKind].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .ofKinds(let kinds): try container.encode(kinds)
        case .automatic: try container.encode(Self.automaticName)
        }
    }
}
