import AdaptiveComputation
import Datasets
import Foundation
import Torch
import Transformers

/// Turns a dense model into an adaptive one by the three phases.
///
/// The run can be stopped at any moment and called again with the same arguments: it goes on from
/// its last checkpoint, and on a CPU with a fixed number of threads it ends with the same weights
/// as one that was not stopped.
public struct Converter {
    let modelFolder: URL
    let output: URL
    /// What is trained on, and what is not: evaluated now and then in phase III.
    let dataset: any Dataset
    let heldOut: (any Dataset)?
    let options: ConversionOptions
    let device: Device
    let loading: LoadingOptions
    /// The processes that share each batch; nil where this is the only one.
    let processes: ProcessGroup?
    /// Steps between reports; reports read values back from the device.
    let reportSteps: Int
    let report: (TrainingReport) -> Void
    /// Called with what `modules: auto` chose, before phase I.
    public var reportSelection: (ModuleSelection) -> Void = { _ in }

    /// - Parameters:
    ///   - modelFolder: where the model is that the first phase starts from.
    ///   - output: the run's folder: checkpoint, events, at last the model.
    ///   - dataset: to train on; `options.heldOut.share` of it is held out.
    ///   - heldOut: samples that are not trained on, where `options.heldOut` names a split.
    ///   - options: everything else that decides the result.
    ///   - device: where the models are trained.
    ///   - loading: how batches are prepared ahead.
    ///   - processes: those that train together; nil for one alone.
    ///   - reportSteps: steps between reports; they read values back from the device.
    ///   - report: takes the news.
    public init(
        modelFolder: URL, output: URL, dataset: any Dataset, heldOut: (any Dataset)? = nil,
        options: ConversionOptions, device: Device = .cpu, loading: LoadingOptions = LoadingOptions(),
        processes: ProcessGroup? = nil,
        reportSteps: Int = 10, report: @escaping (TrainingReport) -> Void = { _ in }
    ) {
        self.modelFolder = modelFolder
        self.output = output
        let share = options.heldOut.share
        let parts = share > 0 && share < 1 ? HashSplit.part(dataset, share: share) : nil
        self.dataset = parts?.kept ?? dataset
        let samples = options.heldOut.samples
        self.heldOut = (parts?.heldOut ?? heldOut).map { heldOut in
            guard samples > 0, samples < heldOut.count else { return heldOut }
            return SampleSubset(
                heldOut, numbers: HashSplit.sample(HashSplit.names(of: heldOut), count: samples))
        }
        self.options = options
        self.device = device
        self.loading = loading
        self.processes = processes
        self.reportSteps = reportSteps
        self.report = report
    }

    /// Batches on which `modules: auto` measures what cutting a module does.
    private static let selectionBatchCount = 2

    private var state: RunState { RunState(folder: output.appendingPathComponent("checkpoint")) }

    /// Runs some phases, in order, and writes the model to the output folder.
    ///
    /// Phase I starts from a dense model folder; the others from the output of the one before,
    /// given as the model folder, with `teacherFolder` naming the dense base.
    ///
    /// Of several processes, each trains on its part of every batch of the given size; the first one alone
    /// writes and reports.
    ///
    /// - Returns: the converted model; of several processes only the first one's is calibrated.
    /// - Throws: ``ConversionError`` and what model and data throw; a checkpoint stays.
    public func run(
        _ phases: [TrainingPhase] = TrainingPhase.allCases, teacherFolder: URL? = nil
    ) throws -> AdaptiveModel {
        do {
            return try convert(options.phases(of: phases), teacherFolder)
        } catch TorchError.lostProcess(let text) {
            throw ConversionError.lostProcess(text)
        }
    }

    private func convert(_ phases: [TrainingPhase], _ teacherFolder: URL?) throws -> AdaptiveModel {
        let plan = try plan(phases, teacherFolder: teacherFolder)
        let sharing = processes.map(ModelSharing.init)
        func start() throws -> AdaptiveModel {
            try self.start(plan.saved, isFirst: phases.first == .distillation)
        }
        var model =
            try sharing?.model(
                start, base: { try AdaptiveModel.load(modelFolder, device: device) }, device: device)
            ?? start()
        let position = try sharing?.position(plan.saved?.position) ?? plan.saved?.position
        let log = try writes ? RunLog(output, goingOnFrom: plan.saved?.record, device: device) : nil
        for phase in phases {
            if let position, let done = phases.firstIndex(of: position.phase),
                let this = phases.firstIndex(of: phase),
                this < done
            {
                continue
            }
            let step = position.flatMap { $0.phase == phase ? $0.step : nil }
            let training = try PhaseTraining(
                phase, model: model, teacher: plan.teacher, options, dataset, device, loading: loading,
                processes: processes)
            try run(training, from: step, plan.fingerprint, model, log)
            model.configuration?.phase = phase.result
            if phase == .finetuning {
                model.configuration?.budgets =
                    options.uniformLearners == 0
                    ? [options.finetuning.lowestBudget, options.finetuning.highestBudget] : []
            }
        }
        try model.network.setRequiresGradient(false)
        if let log {
            if phases.contains(.finetuning), options.calibrationSamples > 0,
                options.uniformLearners == 0
            {
                let calibrator = BudgetCalibrator(
                    dataset, sampleCount: options.calibrationSamples,
                    batchSize: min(64, options.finetuning.optimisation.batchSize), seed: options.seed)
                model = try calibrator.run(model)
            }
            try model.save(to: output, copyingFrom: modelFolder)
            try AtomicFile.write(
                Data(options.yaml().utf8), to: output.appendingPathComponent("conversion.yaml"))
            try RunResults(
                modelFolder: modelFolder, teacherFolder: teacherFolder ?? modelFolder, phases: phases,
                options: options, sampleCount: dataset.count, heldOutCount: heldOut?.count ?? 0,
                device: device, model: model, record: log.record
            ).json().write(to: output.appendingPathComponent("results.json"))
            try state.remove()
        }
        try processes?.wait()
        return model
    }

    /// Whether this process writes files and reports.
    private var writes: Bool { processes?.isFirst ?? true }

    /// What a run starts from, once everything that can be wrong beforehand was looked at.
    struct Plan {
        let teacher: AdaptiveModel
        let fingerprint: String
        /// nil in processes that do not write.
        let saved: RunState.Saved?
    }

    func plan(_ phases: [TrainingPhase], teacherFolder: URL?) throws -> Plan {
        try options.validate()
        guard !phases.isEmpty else {
            throw ConversionError.option("uniformLearners leaves no gates to train: leave phase II out")
        }
        try device.requireAvailable()
        guard dataset.count > 0 else { throw ConversionError.data("The dataset is empty") }
        if let processes {
            try options.requireSharing(by: processes.size, phases, sampleCount: dataset.count)
        }
        guard options.heldOut.isOn == (heldOut != nil), heldOut?.count != 0 else {
            throw ConversionError.data(
                options.heldOut.isOn
                    ? "Nothing is held out: heldOut.split or heldOut.share gives no sample"
                    : "Data is held out, but options.heldOut names neither split nor share")
        }
        let teacher = try AdaptiveModel.load(teacherFolder ?? modelFolder, device: device)
        guard teacher.configuration == nil else {
            throw ConversionError.order(
                "\((teacherFolder ?? modelFolder).relativePath) is already converted; name the dense model it came from"
            )
        }
        if phases.contains(.finetuning) {
            try Objective(teacher.network).require(
                options.finetuning, hasLabels: dataset.hasLabels && heldOut?.hasLabels != false)
        }
        let fingerprint = try RunState.fingerprint(options, phases, teacher, dataset, heldOut: heldOut)
        if let processes { try ModelSharing(group: processes).requireSame(fingerprint) }
        return Plan(
            teacher: teacher, fingerprint: fingerprint,
            saved: try writes ? state.saved(fingerprint: fingerprint) : nil)
    }

    /// The student: from the checkpoint, the converted model folder, or by surgery on the dense one.
    func start(
        _ saved: RunState.Saved?, isFirst: Bool, calibrationBatches: Int? = nil
    ) throws -> AdaptiveModel {
        let student = try AdaptiveModel.load(modelFolder, device: device)
        if let saved {
            let model =
                try student.configuration == nil
                ? AdaptiveModel(student.network, saved.configuration) : student.calibrated(nil)
            try model.network.move(to: device)
            try state.restore(model, at: saved.position)
            return model
        }
        if let configuration = student.configuration {
            try options.requireSurgery(of: configuration, folder: modelFolder.relativePath)
            return try student.calibrated(nil)  // gates learn their own term for the budget
        }
        guard isFirst else {
            throw ConversionError.order(
                "\(modelFolder.relativePath) is a dense model: run the phase before first, and name its output"
            )
        }
        try Runtime.seed(options.seed)
        let calibrationCount = calibrationBatches ?? options.calibrationBatches
        let batches = dataset.shuffledBatches(
            size: options.distillation.optimisation.batchSize, seed: options.seed, epoch: -1)
        func inputs(_ batches: some Sequence<[Int]>) throws -> [ModelInputs] {
            try batches.map { try dataset.batch($0).inputs.to(device) }
        }
        let calibration = try inputs(batches.prefix(calibrationCount))
        guard options.modules == .automatic else {
            return try cut(.convert(student.network, options.surgery, calibration: calibration))
        }
        // On other samples than those that the learners were fitted to, where there are any.
        let others = batches.dropFirst(calibrationCount).prefix(Self.selectionBatchCount)
        let (model, selection) = try ModuleSelection.convert(
            student, options, calibration: calibration,
            measured: others.isEmpty ? [calibration[0]] : inputs(others))
        reportSelection(selection)
        return try cut(model)
    }

    private func cut(_ model: AdaptiveModel) throws -> AdaptiveModel {
        let count = options.uniformLearners
        return count == 0 ? model : try model.uniformCut(learnerCount: count)
    }

    private func run(
        _ training: PhaseTraining, from saved: Int?, _ fingerprint: String, _ model: AdaptiveModel,
        _ log: RunLog?
    ) throws {
        var step = saved ?? 0
        if let saved, saved > 0 {
            if writes {
                try training.restore(
                    state.optimizerState(at: RunState.Position(phase: training.phase, step: saved)))
            }
            if let processes {
                for (_, tensor) in training.state { try processes.broadcastInPlace(tensor) }
            }
        }
        let evaluator = training.phase == .finetuning ? evaluator(model, training.teacher) : nil
        let patience = evaluator == nil ? 0 : options.heldOut.patience
        try log?.begin(
            training.phase, plannedSteps: training.totalSteps, batchSize: training.optimisation.batchSize)
        var isOver = try isEarly(log, patience)
        while step < training.totalSteps, !isOver {
            let isLast = step + 1 == training.totalSteps
            let evaluates = evaluator != nil && (isLast || (step + 1) % options.heldOut.steps == 0)
            let looksAtGates =
                training.phase != .distillation && options.uniformLearners == 0
                && (isLast || (step + 1) % (10 * reportSteps) == 0)
            let reports = isLast || evaluates || looksAtGates || step % reportSteps == 0
            // Nothing is saved whose loss was not looked at.
            let saves = isLast || (step + 1) % options.checkpointSteps == 0
            let values = try training.step(step, readsValues: reports || saves)
            let speed = reports ? log?.samplesPerSecond(at: step + 1) : nil
            let gates = looksAtGates ? try training.gateReport(step) : nil
            // The others wait for the word of the first.
            let heldOut =
                evaluates && writes
                ? try evaluator?.evaluate(step: step + 1, control: training.control) : nil
            let rate = training.rate(step)
            step += 1
            if reports, let log {
                let news = TrainingReport(
                    phase: training.phase, step: step, totalSteps: training.totalSteps, values: values,
                    learningRate: rate, samplesPerSecond: speed, gates: gates, heldOut: heldOut)
                try log.add(news)
                if heldOut != nil, options.heldOut.keepsBest, log.record.best?.step == step {
                    try state.saveBest(model, step: step)
                }
                report(news)
            }
            if evaluates { isOver = try isEarly(log, patience) }
            // On a GPU the loss of a step that another process left unfinished may look sound.
            if saves || isOver { try processes?.wait() }
            if saves || isOver, let log {
                try state.save(
                    RunState.Position(phase: training.phase, step: step), fingerprint: fingerprint,
                    model: model, optimizer: training.state, record: log.checkpoint(step: step))
            }
        }
        if evaluator != nil, options.heldOut.keepsBest {
            if let best = log?.record.best { try state.restoreBest(model, step: best.step) }
            if let processes { try ModelSharing(group: processes).spread(model) }
        }
    }

    /// Whether the held-out samples say that the phase is over; all processes do as the first one finds.
    private func isEarly(_ log: RunLog?, _ patience: Int) throws -> Bool {
        let isOver = log?.record.isOver(patience: patience) ?? false
        guard let processes, patience > 0 else { return isOver }
        return try processes.broadcast(isOver ? "over" : "") == "over"
    }

    private func evaluator(_ model: AdaptiveModel, _ teacher: AdaptiveModel) -> HeldOutEvaluator? {
        heldOut.map {
            HeldOutEvaluator(
                dataset: $0, model: model, teacher: teacher, options: options, device: device,
                loading: loading)
        }
    }
}
