import Foundation

/// A linear axis whose ends and ticks are round numbers.
struct AxisScale: Equatable {
    let range: ClosedRange<Double>
    let step: Double

    /// What values may lie beyond the last tick, in steps: too little to be seen.
    private static let overhang = 0.02

    /// - Parameter values: what must fit; an axis without finite values goes from 0 to 1.
    init(covering values: [Double], tickCount: Int = 5) {
        let finite = values.filter(\.isFinite)
        var lowest = finite.min() ?? 0
        var highest = finite.max() ?? 1
        if highest - lowest < 1e-9 {
            let margin = max(abs(lowest) * 0.05, 1e-3)
            (lowest, highest) = (lowest - margin, highest + margin)
        }
        let rough = (highest - lowest) / Double(max(tickCount, 1))
        let magnitude = pow(10, floor(log10(rough)))
        let factor = [1, 2, 2.5, 5, 10].first { $0 * magnitude >= rough * (1 - 1e-9) } ?? 10
        step = factor * magnitude
        range =
            floor(lowest / step + Self.overhang) * step...ceil(highest / step - Self.overhang) * step
    }

    var ticks: [Double] {
        let count = Int(((range.upperBound - range.lowerBound) / step).rounded())
        return (0...max(count, 0)).map { range.lowerBound + Double($0) * step }
    }

    /// The tick with as many digits as its neighbours need.
    func label(_ tick: Double) -> String {
        // Two digits more than the step's first, for steps such as 0.025.
        var digits = max(0, Int(-floor(log10(step) + 1e-9)))
        let scaled = step * pow(10, Double(digits))
        if abs(scaled - scaled.rounded()) > 1e-6 { digits += 1 }
        return Markup.number(abs(tick) < step * 1e-6 ? 0 : tick, digits: digits)
    }

    /// Where a value lies between the ends, 0…1.
    func fraction(_ value: Double) -> Double {
        (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    }
}
