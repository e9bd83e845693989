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
    let model: AdaptiveModel
    let teacher: AdaptiveModel
    let options: ConversionOptions
    private let batches: TrainingBatches
    /// Samples of a batch, of all processes together.
    private let rowCount: Int
    let device: Device
    let optimisation: ConversionOptions.Optimisation
    private let schedule: LearningRateSchedule
    let modules: [(place: SlotPlace, module: AdaptiveModule)]
    let objective: Objective
    private let processes: ProcessGroup?
    private let reducer: GradientReducer?
    /// What this process has of the current batch.
    private(set) var share = BatchShare.whole
    /// Whether looking at numbers costs nothing, as on a CPU: then padding is left out of phases I and II,
    /// and every loss is looked at before its step. Else the device is not waited for.
    var looksFreely: Bool
    /// Of the last step.
    private var current: (step: Int, batch: Batch)?
    private var finiteCheck = FiniteCheck()
    /// Of the load in phase III; nil where it is left to the loss.
    let control: BudgetControl?

    init(
        _ phase: TrainingPhase, model: AdaptiveModel, teacher: AdaptiveModel, _ options: ConversionOptions,
        _ dataset: any Dataset, _ device: Device, loading: LoadingOptions,
        processes: ProcessGroup? = nil
    ) throws {
        self.phase = phase
        self.processes = processes
        self.model = model
        self.teacher = teacher
        self.options = options
        self.device = device
        looksFreely = device.type == .cpu
        modules = model.modules
        objective = try Objective(model.network)
        optimisation = options.optimisation(of: phase)
        totalSteps = optimisation.stepCount(samples: dataset.count)
        schedule = optimisation.schedule(steps: totalSteps)
        rowCount = min(optimisation.batchSize, dataset.count)
        control =
            try phase == .finetuning && options.controlsLoads
            ? BudgetControl(modules.map(\.module), gain: options.finetuning.controlGain, device: device) : nil
        let images = options.augmentation.enabled ? dataset as? any AugmentableDataset : nil
        batches = TrainingBatches(
            // Labels, which mixing makes shares of classes, count in phase III alone.
            images?.augmented(options.augmentation, mixes: phase == .finetuning) ?? dataset,
            size: optimisation.batchSize,
            seed: options.seed &+ UInt64(TrainingPhase.allCases.firstIndex(of: phase) ?? 0) << 32,
            count: totalSteps, device: device, loading: loading, processes: processes)
        try model.network.setRequiresGradient(false)
        let groups = Self.groups(phase, model, gateRateFactor: options.finetuning.gateRateFactor)
        for group in groups { for (_, tensor) in group.parameters { try tensor.setRequiresGradient() } }
        optimizer = try Adam(groups)
        reducer = try processes.map { processes in
            try GradientReducer(groups.flatMap { $0.parameters.map(\.tensor) }, processes)
        }
    }

    private static let controlName = "budget_control"

    /// What a resumed run needs besides the parameters, by name; the tensors change with each step.
    var state: [(name: String, tensor: Tensor)] {
        optimizer.state + (control.map { [(Self.controlName, $0.shifts)] } ?? [])
    }

    /// Takes up what ``state`` was.
    func restore(_ state: [String: Tensor]) throws {
        if let shifts = state[Self.controlName] { try control?.shifts.copyInPlace(from: shifts) }
        try optimizer.restore(state)
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

    /// Values of a step, on the device; the loss first.
    typealias StepValues = [(name: String, tensor: Tensor)]

    /// Does one step and, when asked, reads its values back. On a GPU nothing else waits for the device.
    func step(_ step: Int, readsValues: Bool) throws -> [(name: String, value: Double)] {
        let phaseNumber = UInt64(TrainingPhase.allCases.firstIndex(of: phase) ?? 0)
        var random = SplitMix64(seed: options.seed &+ phaseNumber << 48 &+ UInt64(step) << 8)
        try Runtime.seed(random.next())
        let batch = try self.batch(step)
        try optimizer.clearGradients()
        let own =
            switch phase {
            case .distillation: try learnLearners(batch)
            case .gatePretraining: try learnGates(batch, &random)
            case .finetuning:
                try learnAll(batch, &random, progress: Double(step) / Double(max(1, totalSteps - 1)))
            }
        let values = try share.averaged(own)
        let norm = try optimizer.clipGradients(maximum: optimisation.gradientNorm)
        let isSpoilt = try finiteCheck.add(step, loss: values[0].tensor, norm: norm)
        if readsValues || looksFreely { try finiteCheck.require(phase.rawValue) }
        try optimizer.step(rate: rate(step), unless: isSpoilt)
        guard readsValues else { return [] }
        let numbers = try Tensor.stacked(values.map { try $0.tensor.to(nil, .float32) })
            .array(of: Double.self)
        return zip(values, numbers).map { ($0.name, $1) }
    }

    /// The learning rate of a step.
    func rate(_ step: Int) -> Double { schedule.rate(step: step) }

    /// Runs the forward part of a step in the precision that is asked for.
    func inPrecision<Value>(_ body: () throws -> Value) throws -> Value {
        try withAutocast(options.precision == .bfloat16 ? .bfloat16 : nil, on: device, body)
    }

    /// Adds the gradients of a loss; those of the last part of a batch bring the mean over the processes.
    func backward(_ loss: Tensor, isLast: Bool) throws {
        if isLast, let reducer { try reducer.backward(loss) } else { try loss.backward() }
    }

    /// A batch in the parts that go through the models one after the other.
    func parts(_ batch: Batch) throws -> [Batch] { try batch.parts(of: optimisation.microBatchSize) }

    /// What the gates would choose at inference for the samples of a step.
    func gateReport(_ step: Int) throws -> GateReport {
        let budget = options.finetuning.budget(at: 0.5)
        var meter = LoadMeter(model)
        for part in try parts(batch(step)) {
            let pass = AdaptivePass(budget: budget, shift: try control?.shift(at: budget))
            _ = try withoutGradients { try model(part.inputs, pass) }
            try meter.add(pass)
        }
        if let processes {
            try meter.replaceCounts { try processes.sum(Tensor($0)).array(of: Int.self) }
        }
        return GateReport(budget: budget, meter: meter)
    }

    /// The batch of a step on the device, or what this process has of it.
    private func batch(_ step: Int) throws -> Batch {
        if let current, current.step == step { return current.batch }
        current = nil
        var batch = try batches.batch(step)
        if let processes {
            (batch, share) = try BatchSharing(group: processes).share(batch, rowCount: rowCount)
        }
        current = (step, batch)
        return batch
    }
}
