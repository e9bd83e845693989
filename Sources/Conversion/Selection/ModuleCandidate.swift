import Transformers

/// What converting one module can save, and what it does to the model's output.
///
/// Costs are multiply-accumulates for one sample.
public struct ModuleCandidate: Sendable, Equatable {
    /// One number of learners for all tokens.
    public struct Choice: Sendable, Equatable {
        public let learnerCount: Int
        /// Of these learners and the gate.
        public let cost: Double
        /// See ``ModuleEffects``.
        public let effect: Double

        public init(learnerCount: Int, cost: Double, effect: Double) {
            self.learnerCount = learnerCount
            self.cost = cost
            self.effect = effect
        }
    }

    public let place: SlotPlace
    /// Of the dense module.
    public let denseCost: Double
    public let choices: [Choice]

    public init(place: SlotPlace, denseCost: Double, choices: [Choice]) {
        self.place = place
        self.denseCost = denseCost
        self.choices = choices
    }
}
