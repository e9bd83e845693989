import Foundation
import Torch
import Yams

/// Everything that decides a training; read from YAML, written back into the run's folder.
public protocol TrainingOptions: Codable, Sendable {
    /// - Throws: ``ConversionError/option(_:)`` naming the first value that makes no sense.
    func validate() throws
}

extension TrainingOptions {
    /// Reads YAML over these options: keys that it does not name keep their values.
    ///
    /// - Throws: ``ConversionError/option(_:)`` for an unknown key or a wrong value.
    public func overlaid(withYAML text: String, source: String) throws -> Self {
        do {
            guard let given = try Yams.compose(yaml: text) else { return self }
            let merged = try Self.merge(try Yams.compose(yaml: yaml()) ?? given, given, path: "", source)
            let options = try YAMLDecoder().decode(Self.self, from: Yams.serialize(node: merged))
            try options.validate()
            return options
        } catch let error as ConversionError {
            throw error
        } catch let error as DecodingError {
            throw ConversionError.option("\(source): \(Self.describe(error))")
        } catch {
            throw ConversionError.option("\(source) is not valid YAML: \(Self.describe(error))")
        }
    }

    /// One line: the place, and what is wrong there.
    private static func describe(_ error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        default: "\(error)".replacing("\n", with: " ")
        }
    }

    /// Sets one option by its path, for example `finetuning.budgetWeight`.
    public func setting(_ path: String, to value: String) throws -> Self {
        let keys = path.split(separator: ".")
        let lines = keys.enumerated().map { String(repeating: "  ", count: $0) + "\($1):" }
        return try overlaid(withYAML: lines.joined(separator: "\n") + " " + value, source: "--set \(path)")
    }

    /// All options as YAML.
    public func yaml() throws -> String {
        try YAMLEncoder().encode(self)
    }

    private static func merge(_ base: Node, _ given: Node, path: String, _ source: String) throws -> Node {
        guard case .mapping(var members) = base else { return given }
        guard case .mapping(let changes) = given else {
            throw ConversionError.option("\(source): \(path.isEmpty ? "the file" : path) must be a mapping")
        }
        for (key, value) in changes {
            let name = key.string ?? "?"
            let place = path.isEmpty ? name : "\(path).\(name)"
            guard let old = members[key] else {
                let known = members.keys.compactMap(\.string).joined(separator: ", ")
                throw ConversionError.option("\(source): there is no option \(place); known: \(known)")
            }
            members[key] = try merge(old, value, path: place, source)
        }
        return .mapping(members)
    }

    private static func describe(_ error: DecodingError) -> String {
        let context: DecodingError.Context
        switch error {
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found):
            context = found
        case .keyNotFound(_, let found): context = found
        @unknown default: return "\(error)"
        }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        let reason =
            context.debugDescription.hasSuffix(".")
            ? String(context.debugDescription.dropLast()) : context.debugDescription
        return "\(path) has a wrong value: \(reason)"
    }
}
