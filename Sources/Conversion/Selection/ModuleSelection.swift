import Foundation
import Transformers

/// Which modules to convert so that a model reaches a cost at the least error.
///
/// Every module is left dense, at no error, or cut to a number of learners. The choices `x` lessen
///
///     Σ effect(x) + λ · Σ cost(x)
///
/// module by module, with the one λ, found by bisection, for which the cost is the target: phase II's
/// rule `budget` with modules for tokens. What the bisection leaves below the target is then spent
/// on the choices that lessen the error most for what they cost.
public struct ModuleSelection: Sendable, Equatable {
    /// One module that is converted.
    public struct Cut: Sendable, Equatable {
        public let place: SlotPlace
        /// Learners that all its tokens would have at the target.
        public let learnerCount: Int
    }

    /// The modules that are converted, in the order of the candidates.
    public let cuts: [Cut]
    /// Share of the dense model's cost.
    public let cost: Double
    /// The sum of the modules' effects.
    public let effect: Double

    /// - Parameters:
    ///   - candidates: the modules that can be converted.
    ///   - denseCost: of the whole dense model.
    ///   - target: the cost to reach, as a share of `denseCost`.
    /// - Throws: ``ConversionError/option(_:)`` where even the fewest learners cost more, or where nothing
    ///   has to be converted.
    public init(_ candidates: [ModuleCandidate], denseCost: Double, target: Double) throws {
        let options = candidates.map { candidate in
            [ModuleCandidate.Choice(learnerCount: -1, cost: candidate.denseCost, effect: 0)]
                + candidate.choices
        }
        let rest = denseCost - candidates.reduce(0) { $0 + $1.denseCost }
        func cost(_ chosen: [Int]) -> Double { zip(options, chosen).reduce(rest) { $0 + $1.0[$1.1].cost } }
        func choose(_ price: Double) -> [Int] {
            options.map { choices in
                choices.indices.min {
                    choices[$0].effect + price * choices[$0].cost
                        < choices[$1].effect + price * choices[$1].cost
                } ?? 0
            }
        }
        let cheapest = options.map { choices in
            choices.indices.min {
                (choices[$0].cost, choices[$0].effect) < (choices[$1].cost, choices[$1].effect)
            }
                ?? 0
        }
        guard target < 1 else {
            throw ConversionError.option("targetCost must lie below 1, the dense model's, found \(target)")
        }
        guard cost(cheapest) <= target * denseCost else {
            throw ConversionError.option(
                "targetCost \(target) cannot be reached: with the fewest learners in every module the model "
                    + String(format: "costs %.3f of the dense one", cost(cheapest) / denseCost))
        }
        var chosen = cheapest
        let largest = options.joined().map(\.effect).max() ?? 0
        let smallestCost = options.joined().map(\.cost).filter { $0 > 0 }.min() ?? 1
        var (low, high) = (log(1e-12 / denseCost), log(max(largest, 1e-12) * 1e6 / smallestCost))
        for _ in 0..<100 {
            let middle = (low + high) / 2
            let found = choose(exp(middle))
            if cost(found) <= target * denseCost {
                (chosen, high) = (found, middle)
            } else {
                low = middle
            }
        }
        Self.spend(target * denseCost - cost(chosen), on: options, &chosen)
        cuts = zip(candidates, zip(options, chosen)).compactMap { candidate, choice in
            let count = choice.0[choice.1].learnerCount
            return count < 0 ? nil : Cut(place: candidate.place, learnerCount: count)
        }
        self.cost = cost(chosen) / denseCost
        effect = zip(options, chosen).reduce(0) { $0 + $1.0[$1.1].effect }
        guard !cuts.isEmpty else {
            throw ConversionError.option("targetCost \(target) needs no module to be converted")
        }
    }

    /// Takes dearer choices while something is left, the best for its cost first.
    private static func spend(
        _ budget: Double, on options: [[ModuleCandidate.Choice]], _ chosen: inout [Int]
    ) {
        var left = budget
        while true {
            var best: (module: Int, choice: Int, gain: Double)?
            for (module, choices) in options.enumerated() {
                let now = choices[chosen[module]]
                for (index, choice) in choices.enumerated()
                where choice.cost > now.cost && choice.cost - now.cost <= left && choice.effect < now.effect {
                    let gain = (now.effect - choice.effect) / (choice.cost - now.cost)
                    if gain > best?.gain ?? 0 { best = (module, index, gain) }
                }
            }
            guard let best else { return }
            left -= options[best.module][best.choice].cost - options[best.module][chosen[best.module]].cost
            chosen[best.module] = best.choice
        }
    }
}
