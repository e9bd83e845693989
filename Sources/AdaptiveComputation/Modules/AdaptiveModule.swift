import Torch
import Transformers

/// An Adaptive Computation Module: learners and the gate that chooses how many run for a token.
///
/// - Input: `[batch, tokens, inputWidth]`; output: `[batch, tokens, outputWidth]`.
/// - Source: Wójcik et al. 2025 (arXiv 2312.10193), section 3.
public struct AdaptiveModule: Slot {
    public internal(set) var learners: Learners
    public internal(set) var gate: Gate
    /// The fewest learners that a token may get.
    public let minimumChoice: Int

    public init(_ description: ModuleDescription, gateWidth: Int, isBudgetConditioned: Bool) throws {
        learners = try Learners(
            inputWidth: description.inputWidth, outputWidth: description.outputWidth,
            count: description.learnerCount, learnerWidth: description.learnerWidth,
            activation: description.activation)
        minimumChoice = description.minimumChoice
        gate = try Gate(
            inputWidth: description.inputWidth, hiddenWidth: gateWidth,
            allowedChoices: description.learnerCount + 1 - description.minimumChoice,
            isBudgetConditioned: isBudgetConditioned)
    }

    public var children: [(name: String, layer: any Layer)] {
        [("acm.learners", learners), ("acm.gate", gate)]
    }

    public var inputWidth: Int { learners.w1.shape[1] }
    public var outputWidth: Int { learners.w2.shape[0] }

    /// Multiply-accumulates of one learner for one token.
    public var learnerCost: Int { learners.learnerWidth * (inputWidth + outputWidth) }

    public func callAsFunction(
        _ input: Tensor, at place: SlotPlace, _ pass: ForwardPass
    ) throws -> Tensor {
        try output(input, addedTo: nil, at: place, pass)
    }

    public func callAsFunction(
        _ input: Tensor, addedTo residual: Tensor, at place: SlotPlace, _ pass: ForwardPass
    ) throws -> Tensor {
        try output(input, addedTo: residual, at: place, pass)
    }

    /// Where the gate is asked, and nobody else asks what it says, it is part of the same kernel on a GPU.
    public func callAsFunction(
        _ input: Tensor, scaledBy scale: LayerScale?, addedTo residual: Tensor, normalisedBy norm: LayerNorm,
        at place: SlotPlace, _ pass: ForwardPass
    ) throws -> (sum: Tensor, output: Tensor) {
        let adaptive = pass as? AdaptivePass
        let budget = adaptive?.budget ?? 1
        guard adaptive?.mode ?? .inference == .inference, !runsWhole(budget: budget),
            adaptive?.observeTokenTerm == nil
        else {
            let (sum, normed) = try norm(input, scaledBy: scale, addedTo: residual)
            return (sum, try output(normed, addedTo: nil, at: place, pass))
        }
        let (sum, normed, choices) = try gate.choices(
            input, scaledBy: scale, addedTo: residual, normalisedBy: norm, budget: budget,
            shift: adaptive?.shift?.term(self), minimum: minimumChoice)
        return (sum, try output(normed, chosen: choices, addedTo: nil, at: place, pass))
    }

    private var hasOneChoice: Bool { minimumChoice == learners.count }

    /// Whether all learners run at inference whatever the gate says: a calibrated model gives all that it has for
    /// a budget of 1.
    private func runsWhole(budget: Double) -> Bool {
        hasOneChoice || (gate.offsets != nil && budget >= 1)
    }

    /// - Parameter chosen: what the gate says at inference, where it was asked already.
    private func output(
        _ input: Tensor, chosen: Tensor? = nil, addedTo residual: Tensor?, at place: SlotPlace,
        _ pass: ForwardPass
    ) throws -> Tensor {
        let adaptive = pass as? AdaptivePass
        let budget = adaptive?.budget ?? 1
        switch adaptive?.mode ?? .inference {
        case .inference:
            let runsWhole = runsWhole(budget: budget)
            var choices =
                try runsWhole
                ? equalChoices(learners.count, for: input)
                : chosen ?? self.choices(input, budget, at: place, adaptive)
            let mask = hasOneChoice ? nil : pass.tokenMask(at: place)
            // Padding needs no computing.
            if let mask { choices = try choices.masked(mask.logicalNot(), value: Double(minimumChoice)) }
            return try run(
                input, choices, areAll: runsWhole && mask == nil, addedTo: residual, at: place, adaptive)
        case .fixed(let count):
            guard (minimumChoice...learners.count).contains(count) else {
                throw TorchError.invalidArgument(
                    "\(place) can run \(minimumChoice) to \(learners.count) learners, not \(count).")
            }
            return try run(
                input, equalChoices(count, for: input), areAll: count == learners.count, addedTo: residual,
                at: place, adaptive)
        case .training(let temperature):
            let logits = try gate(input, budget: budget, shift: adaptive?.shift?.term(self))
            let noise = try (adaptive?.noise ?? .generator).draw(like: logits, at: place)
            let oneHot = try gumbelSoftmax(logits, noise: noise, temperature: temperature)
            adaptive?.record(
                GateDecision(
                    place: place, choices: try oneHot.detach().argMax(axis: -1) + minimumChoice,
                    oneHot: oneHot, minimumChoice: minimumChoice))
            let output = try learners(input, tails: tails(oneHot))
            return try residual.map { try $0 + output } ?? output
        }
    }

    /// The gate's most likely choices: `[batch, tokens]` int64.
    private func choices(
        _ input: Tensor, _ budget: Double, at place: SlotPlace, _ pass: AdaptivePass?
    ) throws -> Tensor {
        if let observe = pass?.observeTokenTerm { observe(place, try gate.tokenTerm(input)) }
        return try gate.choices(
            input, budget: budget, shift: pass?.shift?.term(self), minimum: minimumChoice)
    }

    private func equalChoices(_ count: Int, for input: Tensor) throws -> Tensor {
        try .full(Array(input.shape.dropLast()), Double(count), .int64, device: input.device)
    }

    private func run(
        _ input: Tensor, _ choices: Tensor, areAll: Bool, addedTo residual: Tensor?, at place: SlotPlace,
        _ pass: AdaptivePass?
    ) throws -> Tensor {
        pass?.record(
            GateDecision(place: place, choices: choices, oneHot: nil, minimumChoice: minimumChoice))
        return try learners(input, choices: choices, areAll: areAll, addedTo: residual)
    }

    /// For each learner n the mass of the choices that run it, `Σ_{k ≥ n} oneHot_k`.
    ///
    /// - Parameter oneHot: `[batch, tokens, allowedChoices]`.
    /// - Returns: `[batch, tokens, learners]`.
    func tails(_ oneHot: Tensor) throws -> Tensor {
        let sums = try oneHot.flipped(-1).cumulativeSum(axis: -1).flipped(-1)
        let allowed = learners.count + 1 - minimumChoice
        if minimumChoice == 0 { return try sums.slice(1..<allowed, axis: -1) }
        // Every choice runs the learners up to the minimum.
        let always = try sums.slice(0..<1, axis: -1)
        return try .concatenated(Array(repeating: always, count: minimumChoice - 1) + [sums], axis: -1)
    }
}

/// A one-hot sample of `softmax((logits + Gumbel noise) / temperature)` whose gradient is that of
/// the soft sample.
///
/// - Parameters:
///   - logits: `[…, choices]`.
///   - noise: of the Gumbel distribution, the same shape.
///   - temperature: above 0.
/// - Source: Jang, Gu & Poole 2017, section 2.2.
func gumbelSoftmax(_ logits: Tensor, noise: Tensor, temperature: Double) throws -> Tensor {
    let soft = try ((logits + noise) / temperature).softmax()
    let hard = try soft.detach().argMax(axis: -1).oneHot(soft.size(-1)).to(nil, soft.dataType)
    return try (hard - soft.detach()) + soft
}
