import Torch
import Transformers

/// How often one adaptive module made each choice, over real tokens.
public struct ModuleLoad: Sendable, Equatable {
    public let place: SlotPlace
    /// Multiply-accumulates of one learner for one token.
    public let learnerCost: Int
    /// At index k the number of tokens that ran k learners; `learnerCount + 1` entries.
    public internal(set) var histogram: [Int]

    public init(place: SlotPlace, learnerCost: Int, learnerCount: Int) {
        self.place = place
        self.learnerCost = learnerCost
        histogram = Array(repeating: 0, count: learnerCount + 1)
    }

    public var learnerCount: Int { histogram.count - 1 }
    public var tokenCount: Int { histogram.reduce(0, +) }

    /// Multiply-accumulates of the learners that ran.
    public var spent: Int {
        learnerCost * histogram.enumerated().reduce(0) { $0 + $1.offset * $1.element }
    }

    /// Multiply-accumulates of all learners for all tokens.
    public var available: Int { learnerCost * learnerCount * tokenCount }

    /// Share of the learners that ran, 0…1; 0 before any token.
    public var load: Double { available == 0 ? 0 : Double(spent) / Double(available) }

    /// The choice made most often, the smallest of several; nil before any token.
    public var commonestChoice: Int? {
        guard let most = histogram.max(), most > 0 else { return nil }
        return histogram.firstIndex(of: most)
    }

    /// Share of the tokens that made the commonest choice, 0…1; 0 before any token.
    public var commonestShare: Double {
        tokenCount == 0 ? 0 : Double(histogram.max() ?? 0) / Double(tokenCount)
    }

    /// Keys: `place`, `learner_cost`, `load`, `commonest_choice`, `commonest_share`, `histogram`
    /// (tokens that ran 0, 1, … learners).
    public var json: JSONValue {
        [
            "place": .string(place.description), "learner_cost": .integer(learnerCost),
            "load": .number(load),
            "commonest_choice": commonestChoice.map { .integer($0) } ?? .null,
            "commonest_share": .number(commonestShare),
            "histogram": .array(histogram.map { .integer($0) }),
        ]
    }
}
