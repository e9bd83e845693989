/// Quantiles of ascending numbers.
enum Quantile {
    /// The value below which a share of the numbers lies, between neighbours in proportion; 0 for none.
    static func of(_ share: Double, ascending numbers: [Double]) -> Double {
        guard let last = numbers.indices.last else { return 0 }
        let place = min(max(share, 0), 1) * Double(last)
        let below = Int(place)
        let above = min(below + 1, last)
        return numbers[below] + (place - Double(below)) * (numbers[above] - numbers[below])
    }
}
