import AdaptiveComputation
import Torch
import Transformers

/// What the gates chose for the samples of a training pass, in numbers that carry gradients.
struct SampleChoices {
    /// Load of each sample: `[batch]`.
    let loads: Tensor
    /// Mean share of learners of each sample: `[batch]`.
    let shares: Tensor
    /// See ``ConversionLoss/entropy(oneHots:masks:)``; a number without axes.
    let entropy: Tensor

    /// - Returns: nil where no module chose.
    init?(_ pass: AdaptivePass, _ modules: [(place: SlotPlace, module: AdaptiveModule)]) throws {
        guard !pass.trace.isEmpty else { return nil }
        let masks = try pass.trace.map { decision in  // each [batch, tokens]
            try pass.tokenMask(at: decision.place)?.to(nil, .float32)
                ?? .ones(decision.choices.shape, device: decision.choices.device)
        }
        let counts = try pass.trace.compactMap { try $0.learnerCounts() }
        let known = Dictionary(uniqueKeysWithValues: modules.map { ($0.place, $0.module) })
        let costs = pass.trace.compactMap { decision in
            known[decision.place].map { (learner: $0.learnerCost, count: $0.learners.count) }
        }
        loads = try ConversionLoss.loads(counts: counts, costs: costs, masks: masks)
        shares = try ConversionLoss.shares(counts, costs.map(\.count), masks)
        entropy = try ConversionLoss.entropy(oneHots: pass.trace.compactMap(\.oneHot), masks: masks)
    }
}

/// The losses that look at all samples of a batch at once, and their derivatives by each sample's numbers.
struct Coupling {
    /// `w_b · |load - β| + w_d · diversity`.
    let loss: Tensor
    /// Mean load.
    let load: Tensor
    private let ofLoads: Tensor  // [own samples]
    private let ofShares: Tensor  // [own samples]

    /// - Parameters:
    ///   - parts: of what this process has of the batch, without gradients.
    ///   - budget: that is asked for.
    ///   - settings: the weights of the losses.
    ///   - share: what of the batch that is.
    init(
        _ parts: [SampleChoices], budget: Double, _ settings: ConversionOptions.Finetuning,
        _ share: BatchShare
    ) throws {
        func whole(_ values: [Tensor]) throws -> Tensor {
            try share.gathered(.concatenated(values).detach()).detach().setRequiresGradient()
        }
        let loads = try whole(parts.map(\.loads))
        let shares = try whole(parts.map(\.shares))
        let mean = try loads.mean()
        let loss =
            try (mean - budget).absolute() * settings.budgetWeight
            + ConversionLoss.diversity(shares) * settings.diversityWeight
        try loss.backward()
        self.loss = try loss.detach()
        load = try mean.detach()
        ofLoads = try share.own(loads.gradient ?? loads.detach().zerosLike())
        ofShares = try share.own(shares.gradient ?? shares.detach().zerosLike())
    }

    /// A loss of some of this process's samples whose gradient is their part in that of ``loss``.
    func loss(_ choices: SampleChoices, samples: Range<Int>) throws -> Tensor {
        try (choices.loads * ofLoads.slice(samples, axis: 0)).sum()
            + (choices.shares * ofShares.slice(samples, axis: 0)).sum()
    }
}

extension GateDecision {
    /// The number of learners as a number that carries gradients: `[batch, tokens]` float32.
    func learnerCounts() throws -> Tensor? {
        guard let oneHot else { return nil }
        let numbers = try Tensor.range(
            minimumChoice..<minimumChoice + oneHot.size(-1), .float32, device: oneHot.device)
        return try oneHot.matmul(numbers)
    }
}
