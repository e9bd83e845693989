/// The members of a JSON object, in the order in which they were written or added.
///
/// Keys are told apart byte by byte (see ``ExactString``). Two objects are equal when they hold the
/// same keys with equal values, in any order.
public struct JSONObject: Sendable {
    /// Up to this many members a look-up walks through them; beyond it an index is kept.
    private static let unindexedCount = 8

    private var members: [(key: String, value: JSONValue)] = []
    private var positions: [ExactString: Int] = [:]

    /// An empty object.
    public init() {}

    /// The keys, in order.
    public var keys: [String] {
        members.map(\.key)
    }

    /// The value under `key`. Setting it keeps the place of a known key, appends a new one, and
    /// with nil removes it.
    public subscript(key: String) -> JSONValue? {
        get {
            position(of: key).map { members[$0].value }
        }
        set {
            guard let newValue else {
                remove(key)
                return
            }
            if let position = position(of: key) {
                members[position].value = newValue
            } else {
                add(key, newValue)
            }
        }
    }

    /// Adds a member at the end.
    ///
    /// - Returns: false, and nothing is changed, if the key is there already.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        add(key, value)
        return true
    }

    private func position(of key: String) -> Int? {
        if members.count > Self.unindexedCount {
            return positions[ExactString(key)]
        }
        let wanted = ExactString(key)
        return members.firstIndex { ExactString($0.key) == wanted }
    }

    private mutating func add(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if members.count == Self.unindexedCount + 1 {
            rebuildIndex()
        } else if members.count > Self.unindexedCount {
            positions[ExactString(key)] = members.count - 1
        }
    }

    private mutating func remove(_ key: String) {
        guard let position = position(of: key) else { return }
        members.remove(at: position)
        rebuildIndex()
    }

    private mutating func rebuildIndex() {
        positions.removeAll(keepingCapacity: true)
        guard members.count > Self.unindexedCount else { return }
        for (position, member) in members.enumerated() {
            positions[ExactString(member.key)] = position
        }
    }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { members.startIndex }
    public var endIndex: Int { members.endIndex }

    /// The member at a place in the order of the object.
    public subscript(position: Int) -> (key: String, value: JSONValue) {
        members[position]
    }
}

extension JSONObject: Equatable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}
