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

    public init(place: SlotPlace, choices: Tensor, oneHot: Tensor? = nil, minimumChoice: Int = 0) {
        self.place = place
        self.choices = choices
        self.oneHot = oneHot
        self.minimumChoice = minimumChoice
    }
}

/// A forward pass of a model with adaptive modules.
public final class AdaptivePass: ForwardPass {
    public let mode: GatingMode
    /// The load that is asked for, 0…1; gates that are not conditioned on it ignore it.
    public let budget: Double
    /// What each adaptive module decided, in the order in which they ran.
    public private(set) var trace: [GateDecision] = []
    /// Finds the multiply-accumulates of each sample, after a pass of a ``SelfCosting`` model, when they are asked
    /// for; nil where the trace tells them.
    public var sampleCosts: (() throws -> [Double])?
    /// Where the noise of training comes from.
    public let noise: GateNoise
    /// Added to the logits of gates that are not calibrated; nil for nothing.
    public let shift: BudgetShift?
    /// Is given what each gate says of the tokens at inference, without its term for the budget:
    /// `[batch, tokens, allowedChoices]` float32.
    var observeTokenTerm: ((SlotPlace, Tensor) -> Void)?

    /// - Parameters:
    ///   - mode: how the gates choose.
    ///   - budget: the load that is asked for, 0…1.
    ///   - keepsHiddenStates: whether the output of the embeddings and of every block is kept.
    ///   - noise: where the noise of training comes from.
    ///   - shift: added to the logits of gates that are not calibrated.
    public init(
        mode: GatingMode = .inference, budget: Double = 1, keepsHiddenStates: Bool = false,
        noise: GateNoise = .generator, shift: BudgetShift? = nil
    ) {
        self.mode = mode
        self.budget = budget
        self.noise = noise
        self.shift = shift
        super.init(keepsHiddenStates: keepsHiddenStates)
    }

    /// Adds what a module decided to the trace.
    public func record(_ decision: GateDecision) {
        trace.append(decision)
    }

    /// With recomputation noise must be seeded, so that it is the same again.
    public override func forBlock() -> ForwardPass {
        AdaptivePass(mode: mode, budget: budget, noise: noise, shift: shift)
    }

    public override var reported: [Tensor] { trace.compactMap(\.oneHot) }

    public override func adopt(_ pass: ForwardPass, reported tensors: [Tensor]) {
        guard let pass = pass as? AdaptivePass else { return }
        var rest = tensors[...]
        trace += pass.trace.map { decision in
            GateDecision(
                place: decision.place, choices: decision.choices,
                oneHot: decision.oneHot.flatMap { _ in rest.popFirst() },
                minimumChoice: decision.minimumChoice)
        }
    }
}
