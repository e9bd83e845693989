import AdaptiveComputation
import Transformers

/// The three phases, in order.
public enum TrainingPhase: String, Sendable, CaseIterable, Codable {
    case distillation, gatePretraining, finetuning

    /// What a model is once the phase is over.
    public var result: ConversionPhase {
        switch self {
        case .distillation: .distilled
        case .gatePretraining: .gatesPretrained
        case .finetuning: .finetuned
        }
    }
}

/// News of a running conversion.
public struct TrainingReport: Sendable {
    public let phase: TrainingPhase
    /// Steps done.
    public let step: Int
    public let totalSteps: Int
    /// Named values of this step: `loss`, and in phase III `task`, `load`, `budget`.
    public let values: [(name: String, value: Double)]
    public let learningRate: Double
    /// Since the report before; nil at the first one of a phase.
    public let samplesPerSecond: Double?
    /// Now and then in phases II and III.
    public let gates: GateReport?
    /// Now and then in phase III, where data is held out.
    public let heldOut: HeldOutEvaluation?
}

/// What the gates choose at inference, without noise, for the samples of one training step.
public struct GateReport: Sendable, Equatable {
    /// The middle of the budgets that are trained for, the same in every report.
    public let budget: Double
    /// Choices of each module.
    public let meter: LoadMeter

    /// The modules whose gate no longer tells tokens apart.
    public var collapsed: [SlotPlace] { meter.collapsed }
}
