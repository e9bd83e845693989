import AdaptiveComputation

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
}
