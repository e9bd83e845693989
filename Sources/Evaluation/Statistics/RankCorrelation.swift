/// Spearman's rank correlation of two numbers of each sample, where a sample may count several times.
///
/// The correlation of the ranks; what is equal has the mean of its ranks. Sorted once, so that many draws of the samples
/// take a pass each.
struct RankCorrelation {
    private let numbers: ([Double], [Double])
    /// Of the samples, ascending by either number.
    private let orders: ([Int], [Int])

    /// - Parameters: `[samples]` both.
    init(_ first: [Double], _ second: [Double]) {
        func order(_ numbers: [Double]) -> [Int] { numbers.indices.sorted { numbers[$0] < numbers[$1] } }
        numbers = (first, second)
        orders = (order(first), order(second))
    }

    /// - Parameter counts: how often each sample counts.
    /// - Returns: -1…1; nil where either number is the same for all that count.
    func value(_ counts: [Int]) -> Double? {
        let first = Self.ranks(numbers.0, orders.0, counts)
        let second = Self.ranks(numbers.1, orders.1, counts)
        let middle = Double(counts.reduce(0, +) + 1) / 2
        var (both, own, other) = (0.0, 0.0, 0.0)
        for (place, count) in counts.enumerated() where count > 0 {
            let (a, b) = (first[place] - middle, second[place] - middle)
            both += Double(count) * a * b
            own += Double(count) * a * a
            other += Double(count) * b * b
        }
        return own > 0 && other > 0 ? both / (own * other).squareRoot() : nil
    }

    private static func ranks(_ numbers: [Double], _ order: [Int], _ counts: [Int]) -> [Double] {
        var ranks = [Double](repeating: 0, count: numbers.count)
        var (start, below) = (0, 0)
        while start < order.count {
            var (end, size) = (start, 0)
            while end < order.count, numbers[order[end]] == numbers[order[start]] {
                size += counts[order[end]]
                end += 1
            }
            for place in start..<end { ranks[order[place]] = Double(below) + Double(size + 1) / 2 }
            below += size
            start = end
        }
        return ranks
    }
}
