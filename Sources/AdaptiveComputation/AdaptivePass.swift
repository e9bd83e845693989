import Torch
import Transformers

/// How the gates of a forward pass choose.
public enum GatingMode: Sendable, Equatable {
    /// The most likely choice of every token, without noise; learners beyond it do not run.
    case inference
    /// Gumbel noise and straight-through gradients; all learners run.
    case training(temperature: Double)
    /// The same number of learners for every token, whatever the gates say.
    case fixed(Int)
}

/// What one adaptive module decided in a forward pass.
public struct GateDecision: Sendable {
    public let place: SlotPlace
    /// Learners that ran, `[batch, tokens]` int64.
    public let choices: Tensor
    /// In training, the choice as a one-hot vector that carries gradients to the gate:
    /// `[batch, tokens, allowedChoices]` float32; the first stands for ``minimumChoice``.
    public let oneHot: Tensor?
    public let minimumChoice: Int
}

/// A forward pass of a model with adaptive modules.
public final class AdaptivePass: ForwardPass {
    public let mode: GatingMode
    /// The load that is asked for, 0…1; gates that are not conditioned on it ignore it.
    public let budget: Double
    /// Which rows of a larger batch the inputs are, so that the noise of training is the same however many
    /// processes share it; nil for all.
    public let rows: BatchRows?
    /// What each adaptive module decided, in the order in which they ran.
    public private(set) var trace: [GateDecision] = []

    public init(
        mode: GatingMode = .inference, budget: Double = 1, keepsHiddenStates: Bool = false,
        rows: BatchRows? = nil
    ) {
        self.mode = mode
        self.budget = budget
        self.rows = rows
        super.init(keepsHiddenStates: keepsHiddenStates)
    }

    func record(_ decision: GateDecision) {
        trace.append(decision)
    }
}
