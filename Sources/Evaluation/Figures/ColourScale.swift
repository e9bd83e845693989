/// Colours from dark to bright whose lightness grows evenly, so that they can be read in grey too.
enum ColourScale {
    /// Anchors at equal distances: red, green, blue in 0…255.
    private static let anchors: [[Double]] = [
        [13, 8, 60], [75, 12, 107], [137, 34, 106], [197, 60, 77], [237, 105, 37], [251, 164, 20],
        [248, 231, 125],
    ]

    /// The colour of a share, which is kept within 0…1.
    static func colour(_ share: Double) -> [UInt8] {
        let place = min(max(share.isFinite ? share : 0, 0), 1) * Double(anchors.count - 1)
        let below = min(Int(place), anchors.count - 2)
        let rest = place - Double(below)
        return zip(anchors[below], anchors[below + 1]).map { UInt8(($0 + rest * ($1 - $0)).rounded()) }
    }
}
