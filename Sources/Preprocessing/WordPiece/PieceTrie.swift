/// A set of strings, walked one Unicode scalar at a time.
///
/// A walk finds the longest member that a text starts with in one pass. Edges lie in one open-addressed
/// hash table keyed by (node, scalar).
struct PieceTrie: Sendable {
    static let root: Int32 = 0

    private var keys: [UInt64] = Array(repeating: 0, count: 64)  // 0: empty
    private var children: [Int32] = Array(repeating: 0, count: 64)
    private var edgeCount = 0
    private var members: [Int32] = [-1]  // by node: the member that ends there, or -1

    /// Adds `text` as `member`, a number that is not negative. Returns the member that was there before.
    @discardableResult
    mutating func insert(_ text: String, as member: Int32) -> Int32? {
        var node = Self.root
        for scalar in text.unicodeScalars {
            node = child(of: node, scalar) ?? addEdge(from: node, scalar)
        }
        defer { members[Int(node)] = member }
        return self.member(at: node)
    }

    /// The node below `node` along `scalar`.
    func child(of node: Int32, _ scalar: Unicode.Scalar) -> Int32? {
        let key = Self.key(node, scalar)
        let slot = Self.slot(of: key, in: keys)
        return keys[slot] == key ? children[slot] : nil
    }

    /// The member that ends at `node`.
    func member(at node: Int32) -> Int32? {
        let member = members[Int(node)]
        return member < 0 ? nil : member
    }

    /// The node at the end of `text`, if any member starts with it.
    func node(after text: String) -> Int32? {
        var node = Self.root
        for scalar in text.unicodeScalars {
            guard let next = child(of: node, scalar) else { return nil }
            node = next
        }
        return node
    }

    /// The longest member below `start` that `scalars[range]` starts with, and where it ends.
    func longestMatch(
        in scalars: [Unicode.Scalar], _ range: Range<Int>, from start: Int32 = root
    ) -> (member: Int32, end: Int)? {
        var node = start
        var match: (member: Int32, end: Int)?
        for index in range {
            guard let next = child(of: node, scalars[index]) else { break }
            node = next
            if let member = member(at: node) { match = (member, index + 1) }
        }
        return match
    }

    private mutating func addEdge(from node: Int32, _ scalar: Unicode.Scalar) -> Int32 {
        if 2 * (edgeCount + 1) > keys.count { grow() }
        let next = Int32(members.count)
        members.append(-1)
        set(Self.key(node, scalar), to: next)
        edgeCount += 1
        return next
    }

    private mutating func set(_ key: UInt64, to child: Int32) {
        let slot = Self.slot(of: key, in: keys)
        keys[slot] = key
        children[slot] = child
    }

    private mutating func grow() {
        let (oldKeys, oldChildren) = (keys, children)
        keys = Array(repeating: 0, count: 2 * oldKeys.count)
        children = Array(repeating: 0, count: 2 * oldKeys.count)
        for (key, child) in zip(oldKeys, oldChildren) where key != 0 { set(key, to: child) }
    }

    /// Scalars have 21 bits; one is added so that no key is 0.
    private static func key(_ node: Int32, _ scalar: Unicode.Scalar) -> UInt64 {
        UInt64(node) << 21 | UInt64(scalar.value) + 1
    }

    /// The slot that holds `key`, or the empty one where it belongs. The table is never full.
    private static func slot(of key: UInt64, in keys: [UInt64]) -> Int {
        let mask = keys.count - 1  // the count is a power of two
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while keys[slot] != 0, keys[slot] != key { slot = (slot + 1) & mask }
        return slot
    }
}
