import Datasets
import Testing
import Transformers

@testable import Conversion

@Suite struct ModuleSelectionTests {
    static func candidate(
        _ block: Int, dense: Double, gate: Double = 0, learner: Double, effects: [Double]
    ) -> ModuleCandidate {
        ModuleCandidate(
            place: SlotPlace(block: block, kind: .feedForward), denseCost: dense,
            choices: effects.enumerated().map { count, effect in
                .init(learnerCount: count, cost: gate + Double(count) * learner, effect: effect)
            })
    }

    /// The one that loses nothing is cut, the other stays.
    @Test func whatCostsNoErrorIsCutFirst() throws {
        let candidates = [
            Self.candidate(0, dense: 40, learner: 10, effects: [9, 5, 3, 1, 0]),
            Self.candidate(1, dense: 40, learner: 10, effects: [0.4, 0.1, 0, 0, 0]),
        ]
        let found = try ModuleSelection(candidates, denseCost: 100, target: 0.8)
        #expect(found.cuts == [.init(place: candidates[1].place, learnerCount: 2)])
        #expect(abs(found.cost - 0.8) < 1e-12 && found.effect == 0)
        // Nothing of the second, at 0.4, is better than what the first would lose with fewer.
        let less = try ModuleSelection(candidates, denseCost: 100, target: 0.6)
        #expect(less.cuts == [.init(place: candidates[1].place, learnerCount: 0)])
        #expect(abs(less.cost - 0.6) < 1e-12 && abs(less.effect - 0.4) < 1e-12)
        let least = try ModuleSelection(candidates, denseCost: 100, target: 0.5)
        #expect(least.cuts.map(\.learnerCount) == [3, 0] && abs(least.effect - 1.4) < 1e-12)
    }

    /// Against all choices: never dearer than the target, within one module's step of it, and in the mean
    /// not much worse than the best.
    @Test(arguments: [0.3, 0.45, 0.6, 0.75, 0.9]) func isCloseToTheBestOfAll(target: Double) throws {
        var random = SplitMix64(seed: 9)
        var sums = (found: 0.0, best: 0.0)
        for _ in 0..<20 {
            let candidates = (0..<5).map { block in
                let learner = 1 + random.unit() * 4
                var effect = 0.0
                let effects = (0...4).map { _ -> Double in
                    effect += random.unit() * random.unit()
                    return effect
                }
                return Self.candidate(
                    block, dense: 4 * learner, gate: 0.05 * learner, learner: learner,
                    effects: effects.reversed())
            }
            let denseCost = 5 + candidates.reduce(0) { $0 + $1.denseCost }
            var best = Double.infinity
            func search(_ index: Int, _ cost: Double, _ effect: Double) {
                if index == candidates.count {
                    if cost <= target * denseCost { best = min(best, effect) }
                    return
                }
                search(index + 1, cost + candidates[index].denseCost, effect)
                for choice in candidates[index].choices {
                    search(index + 1, cost + choice.cost, effect + choice.effect)
                }
            }
            search(0, 5, 0)
            guard best.isFinite else {
                #expect(throws: ConversionError.self) {
                    try ModuleSelection(candidates, denseCost: denseCost, target: target)
                }
                continue
            }
            let found = try ModuleSelection(candidates, denseCost: denseCost, target: target)
            let step = candidates.map { $0.denseCost }.max() ?? 0
            #expect(found.cost <= target + 1e-9 && found.cost * denseCost > target * denseCost - step)
            #expect(found.effect >= best - 1e-9, "\(found) \(best)")
            sums = (sums.found + found.effect, sums.best + best)
        }
        #expect(sums.best > 0 && sums.found <= 1.25 * sums.best, "\(sums)")
    }

    @Test func whatCannotBeReachedIsRefused() throws {
        let candidates = [Self.candidate(0, dense: 40, gate: 2, learner: 10, effects: [3, 2, 1, 0, 0])]
        let error = #expect(throws: ConversionError.self) {
            try ModuleSelection(candidates, denseCost: 100, target: 0.5)
        }
        #expect(error?.localizedDescription.contains("costs 0.620 of the dense one") == true)
        #expect(throws: ConversionError.self) {
            try ModuleSelection(candidates, denseCost: 100, target: 1)
        }
        #expect(throws: ConversionError.self) { try ModuleSelection([], denseCost: 100, target: 0.5) }
    }
}
