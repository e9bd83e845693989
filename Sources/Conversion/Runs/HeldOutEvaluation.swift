import Torch

/// How a model does on samples that it does not train on, gates without noise.
public struct HeldOutEvaluation: Sendable, Equatable {
    public struct Score: Sendable, Equatable {
        public let budget: Double
        /// The task's loss, mean over samples.
        public let loss: Double
        public let load: Double
    }

    /// Steps of phase III that were done.
    public let step: Int
    /// For each budget.
    public let scores: [Score]
    /// What the best weights have least of: the mean over budgets of `loss + w_b · |load - β|`, with the
    /// weight of phase III; without the second part a model would win by ignoring its budget.
    public let score: Double

    init(step: Int, scores: [Score], budgetWeight: Double) {
        self.step = step
        self.scores = scores
        score =
            scores.reduce(0) { $0 + $1.loss + budgetWeight * abs($1.load - $1.budget) }
            / Double(max(scores.count, 1))
    }

    /// - Throws: `JSONError` for a missing or wrong entry.
    init(_ reader: JSONObjectReader) throws {
        step = try reader.integer("step", in: 0...Int.max)
        score = try reader.double("score")
        scores = try reader.objects("budgets").map {
            Score(budget: try $0.double("budget"), loss: try $0.double("loss"), load: try $0.double("load"))
        }
    }

    /// Keys: `step`, `score`, `budgets` (each `budget`, `loss`, `load`).
    public var json: JSONValue {
        [
            "step": .integer(step), "score": .number(score),
            "budgets": .array(
                scores.map {
                    ["budget": .number($0.budget), "loss": .number($0.loss), "load": .number($0.load)]
                }),
        ]
    }
}
