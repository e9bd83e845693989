import AdaptiveComputation
import Datasets
import Foundation
import Torch
import Transformers

/// One phase of a conversion, step by step.
///
/// All randomness of a step comes from the seed and the step's number, so that a resumed run
/// needs no state of generators.
final class PhaseTraining {
    let phase: TrainingPhase
    let totalSteps: Int
    let optimizer: Adam
    private let model: AdaptiveModel
    private let teacher: AdaptiveModel
    private let options: ConversionOptions
    private let batches: TrainingBatches
    private let device: Device
    private let optimisation: ConversionOptions.Optimisation
    private let schedule: LearningRateSchedule
    private let modules: [(place: SlotPlace, module: AdaptiveModule)]
    private let places: Set<SlotPlace>
    private let objective: Objective

    init(
        _ phase: TrainingPhase, model: AdaptiveModel, teacher: AdaptiveModel, _ options: ConversionOptions,
        _ dataset: any Dataset, _ device: Device, loading: LoadingOptions
    ) throws {
        self.phase = phase
        self.model = model
        self.teacher = teacher
        self.options = options
        self.device = device
        modules = model.modules
        places = Set(modules.map(\.place))
        objective = try Objective(model.network)
        optimisation =
            switch phase {
            case .distillation: options.distillation.optimisation
            case .gatePretraining: options.gatePretraining.optimisation
            case .finetuning: options.finetuning.optimisation
            }
        totalSteps = optimisation.stepCount(samples: dataset.count)
        schedule = optimisation.schedule(steps: totalSteps)
        let images = options.augmentation.enabled ? dataset as? any AugmentableDataset : nil
        batches = TrainingBatches(
            // Labels, which mixing makes shares of classes, count in phase III alone.
            images?.augmented(options.augmentation, mixes: phase == .finetuning) ?? dataset,
            size: optimisation.batchSize,
            seed: options.seed &+ UInt64(TrainingPhase.allCases.firstIndex(of: phase) ?? 0) << 32,
            count: totalSteps, device: device, loading: loading)
        try model.network.setRequiresGradient(false)
        let groups = Self.groups(phase, model, gateRateFactor: options.finetuning.gateRateFactor)
        for group in groups { for (_, tensor) in group.parameters { try tensor.setRequiresGradient() } }
        optimizer = try Adam(groups)
    }

    /// What a phase trains: learners; gates; everything.
    private static func groups(
        _ phase: TrainingPhase, _ model: AdaptiveModel, gateRateFactor: Double
    ) -> [Adam.Group] {
        let learners = model.modules.flatMap {
            $0.module.learners.namedParameters(prefix: "\($0.place).learners.")
        }
        let gates = model.modules.flatMap { $0.module.gate.namedParameters(prefix: "\($0.place).gate.") }
        switch phase {
        case .distillation: return [Adam.Group(parameters: learners)]
        case .gatePretraining: return [Adam.Group(parameters: gates)]
        case .finetuning:
            let others = model.network.namedParameters().filter { !$0.name.contains(".acm.gate.") }
            return [
                Adam.Group(parameters: others), Adam.Group(parameters: gates, rateFactor: gateRateFactor),
            ]
        }
    }

    /// Does one step and, when asked, reads its values back.
    func step(_ step: Int, readsValues: Bool) throws -> [(name: String, value: Double)] {
        let phaseNumber = UInt64(TrainingPhase.allCases.firstIndex(of: phase) ?? 0)
        var random = SplitMix64(seed: options.seed &+ phaseNumber << 48 &+ UInt64(step) << 8)
        try Runtime.seed(random.next())
        let batch = try batches.batch(step)
        let type: DataType? = options.precision == .bfloat16 ? .bfloat16 : nil
        let (loss, values) = try withAutocast(type, on: device) {
            switch phase {
            case .distillation: try distillationLoss(batch)
            case .gatePretraining: try gateLoss(batch, &random)
            case .finetuning:
                try finetuningLoss(batch, &random, progress: Double(step) / Double(max(1, totalSteps - 1)))
            }
        }
        try optimizer.clearGradients()
        try loss.backward()
        try optimizer.clipGradients(maximum: optimisation.gradientNorm)
        // A step on a loss that is not finite would spoil the weights.
        let value = readsValues || device == .cpu ? try loss.item(Double.self) : 0
        guard value.isFinite else { throw ConversionError.notFinite(phase: phase.rawValue, step: step) }
        try optimizer.step(rate: schedule.rate(step: step))
        guard readsValues else { return [] }
        return try [("loss", value)] + values.map { ($0.name, try $0.tensor.item(Double.self)) }
    }

    /// What the gates would choose at inference for the samples of a step.
    func gateReport(_ step: Int) throws -> GateReport {
        let pass = AdaptivePass(budget: options.finetuning.budget(at: 0.5))
        let inputs = try batches.batch(step).inputs
        _ = try withoutGradients { try model(inputs, pass) }
        var meter = LoadMeter(model)
        try meter.add(pass)
        return GateReport(budget: pass.budget, meter: meter)
    }

    /// The dense model's input and output at each adaptive module, for real tokens: `[rows, width]`.
    private func teacherSlots(_ batch: Batch) throws -> [SlotPlace: (input: Tensor, output: Tensor)] {
        var slots: [SlotPlace: (input: Tensor, output: Tensor)] = [:]
        let pass = ForwardPass()
        pass.observe = { [places] place, input, output in
            guard places.contains(place) else { return }
            func rows(_ tensor: Tensor) throws -> Tensor {
                try pass.tokenMask(at: place).map { try tensor.rows(where: $0) }
                    ?? tensor.flattened(from: 0, to: 1)
            }
            slots[place] = (try rows(input), try rows(output))
        }
        _ = try withoutGradients { try teacher(batch.inputs, pass) }
        return slots
    }

    private typealias LossAndValues = (loss: Tensor, values: [(name: String, tensor: Tensor)])

    private func distillationLoss(_ batch: Batch) throws -> LossAndValues {
        let slots = try teacherSlots(batch)
        let losses = try modules.compactMap { place, module in
            try slots[place].map {
                try ConversionLoss.distillation(
                    module.learners, input: $0.input, target: $0.output, greedy: options.distillation.greedy)
            }
        }
        return (try Tensor.stacked(losses).mean(), [])
    }

    private func gateLoss(_ batch: Batch, _ random: inout SplitMix64) throws -> LossAndValues {
        let slots = try teacherSlots(batch)
        let known = modules.compactMap { place, module in slots[place].map { (module, $0.input, $0.output) } }
        // Several budgets from one pass of the teacher, spread over the range.
        let count = options.budgetConditioned ? 4 : 1
        var losses: [Tensor] = []
        for part in 0..<count {
            let budget = options.finetuning.budget(at: (Double(part) + random.unit()) / Double(count))
            let labels = try withoutGradients { try gateLabels(known, budget: budget) }
            losses += try zip(known, labels).map { entry, label in
                try Loss.crossEntropy(entry.0.gate(entry.1, budget: budget), label)
            }
        }
        return (try Tensor.stacked(losses).mean(), [])
    }

    private func gateLabels(
        _ slots: [(module: AdaptiveModule, input: Tensor, target: Tensor)], budget: Double
    ) throws -> [Tensor] {
        let settings = options.gatePretraining
        let distances = try slots.map {
            try GateLabels.distances($0.module, input: $0.input, target: $0.target)
        }
        switch settings.labelRule {
        case .budget:
            return try GateLabels.spending(
                budget, distances: distances,
                modules: slots.map {
                    ($0.module.minimumChoice, $0.module.learners.count, $0.module.learnerCost)
                })
        case .method, .paper:
            return try distances.map {
                try GateLabels.whereHelpEnds(
                    $0, improvement: settings.improvement, oneMore: settings.labelRule == .paper)
            }
        }
    }

    /// The inputs with spans hidden where the options ask for it.
    private func hidingSpans(of inputs: ModelInputs, _ random: inout SplitMix64) throws -> ModelInputs {
        guard options.finetuning.hidesSpans else { return inputs }
        guard let network = model.network as? any InputMasking else {
            throw ConversionError.option("finetuning.hidesSpans is for speech models")
        }
        return try network.hidingSpans(of: inputs, using: &random)
    }

    private func finetuningLoss(
        _ batch: Batch, _ random: inout SplitMix64, progress: Double
    ) throws -> LossAndValues {
        let settings = options.finetuning
        let budget = settings.budget(at: random.unit())
        let pass = AdaptivePass(
            mode: .training(temperature: settings.temperature(at: progress)), budget: budget)
        let outputs = try model(hidingSpans(of: batch.inputs, &random), pass)
        let teacherPass = ForwardPass()
        let target =
            try settings.distillationWeight > 0
            ? withoutGradients { (try teacher(batch.inputs, teacherPass), teacherPass) } : nil
        let task = try objective.loss(
            student: (outputs, pass), teacher: target, labels: batch.labels, settings)

        guard !pass.trace.isEmpty else { return (task, []) }
        let masks = try pass.trace.map { decision in  // each [batch, tokens]
            try pass.tokenMask(at: decision.place)?.to(nil, .float32)
                ?? .ones(decision.choices.shape, device: device)
        }
        let oneHots = pass.trace.compactMap(\.oneHot)
        let counts = try pass.trace.compactMap { try $0.learnerCounts() }
        let known = Dictionary(uniqueKeysWithValues: modules.map { ($0.place, $0.module) })
        let costs = pass.trace.compactMap { decision in
            known[decision.place].map { (learner: $0.learnerCost, count: $0.learners.count) }
        }
        let (budgetLoss, load) = try ConversionLoss.budget(
            counts: counts, costs: costs, masks: masks, budget: budget)
        let entropy = try ConversionLoss.entropy(oneHots: oneHots, masks: masks)
        let diversity = try ConversionLoss.diversity(
            counts: counts, learnerCounts: costs.map(\.count), masks: masks)
        let loss =
            try task + budgetLoss * settings.budgetWeight + entropy * settings.entropyWeight
            + diversity * settings.diversityWeight
        return (
            loss, [("task", task), ("load", load), ("budget", try Tensor(scalar: budget))]
        )
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
