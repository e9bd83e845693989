/// Random but lasting places of samples, by their names alone: a sample keeps its place whatever
/// others come or go, on every machine.
public enum HashSplit {
    /// A number in 0 ..< 1, spread evenly over names.
    ///
    /// The 64-bit FNV-1a hash of the name's UTF-8, put through one step of ``SplitMix64``.
    ///
    /// - Parameters:
    ///   - name: what to place.
    ///   - salt: other salts give independent places.
    /// - Source: Fowler, Noll & Vo, draft-eastlake-fnv, section 2.
    public static func place(of name: String, salt: UInt64 = 0) -> Double {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var generator = SplitMix64(seed: hash ^ (salt &* 0xA24B_AED4_963E_E407))
        return generator.unit()
    }

    /// The numbers of at most `count` names, those of the lowest places, in the order of the names.
    public static func sample(_ names: [String], count: Int, salt: UInt64 = 1) -> [Int] {
        guard count < names.count else { return Array(names.indices) }
        let places = names.map { place(of: $0, salt: salt) }
        return names.indices.sorted { (places[$0], $0) < (places[$1], $1) }.prefix(count).sorted()
    }
}
