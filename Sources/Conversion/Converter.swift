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
    let dataset: any Dataset
    let options: ConversionOptions
    let device: Device
    let loading: LoadingOptions
    /// The processes that share each batch; nil where this is the only one.
    let processes: ProcessGroup?
    /// Steps between reports; reports read values back from the device.
    let reportSteps: Int
    let report: (TrainingReport) -> Void

    public init(
        modelFolder: URL, output: URL, dataset: any Dataset, options: ConversionOptions,
        device: Device = .cpu, loading: LoadingOptions = LoadingOptions(), processes: ProcessGroup? = nil,
        reportSteps: Int = 10, report: @escaping (TrainingReport) -> Void = { _ in }
    ) {
        self.modelFolder = modelFolder
        self.output = output
        self.dataset = dataset
        self.options = options
        self.device = device
        self.loading = loading
        self.processes = processes
        self.reportSteps = reportSteps
        self.report = report
    }

    private var state: RunState { RunState(folder: output.appendingPathComponent("checkpoint")) }

    /// Runs some phases, in order, and writes the model to the output folder.
    ///
    /// Phase I starts from a dense model folder; the others from the output of the one before,
    /// given as the model folder, with `teacherFolder` naming the dense base.
    ///
    /// Of several processes, each trains on its part of every batch of the given size; the first one alone
    /// writes and reports.
    ///
    /// - Returns: the converted model.
    /// - Throws: ``ConversionError`` and what model and data throw; a checkpoint stays.
    public func run(
        _ phases: [TrainingPhase] = TrainingPhase.allCases, teacherFolder: URL? = nil
    ) throws -> AdaptiveModel {
        do {
            return try convert(phases, teacherFolder)
        } catch TorchError.lostProcess(let text) {
            throw ConversionError.lostProcess(text)
        }
    }

    private func convert(_ phases: [TrainingPhase], _ teacherFolder: URL?) throws -> AdaptiveModel {
        try options.validate()
        try device.requireAvailable()
        guard dataset.count > 0 else { throw ConversionError.data("The dataset is empty") }
        if let processes {
            try options.requireSharing(by: processes.size, phases, sampleCount: dataset.count)
        }
        let teacher = try AdaptiveModel.load(teacherFolder ?? modelFolder, device: device)
        guard teacher.configuration == nil else {
            throw ConversionError.order(
                "\((teacherFolder ?? modelFolder).relativePath) is already converted; name the dense model it came from"
            )
        }
        let fingerprint = try RunState.fingerprint(options, phases, teacher, dataset)
        let sharing = processes.map(ModelSharing.init)
        try sharing?.requireSame(fingerprint)
        let own = try writes ? state.position(fingerprint: fingerprint) : nil
        let saved = try sharing?.position(own?.0) ?? own?.0
        func start() throws -> AdaptiveModel { try self.start(own, isFirst: phases.first == .distillation) }
        var model =
            try sharing?.model(
                start, base: { try AdaptiveModel.load(modelFolder, device: device) }, device: device)
            ?? start()
        for phase in phases {
            if let saved, let done = phases.firstIndex(of: saved.phase),
                let this = phases.firstIndex(of: phase),
                this < done
            {
                continue
            }
            let step = saved.flatMap { $0.phase == phase ? $0.step : nil }
            let training = try PhaseTraining(
                phase, model: model, teacher: teacher, options, dataset, device, loading: loading,
                processes: processes)
            try run(training, from: step, fingerprint, model)
            model.configuration?.phase = phase.result
            if phase == .finetuning {
                model.configuration?.budgets = [
                    options.finetuning.lowestBudget, options.finetuning.highestBudget,
                ]
            }
        }
        try model.network.setRequiresGradient(false)
        if writes {
            try model.save(to: output, copyingFrom: modelFolder)
            try AtomicFile.write(
                Data(options.yaml().utf8), to: output.appendingPathComponent("conversion.yaml"))
            try state.remove()
        }
        try processes?.wait()
        return model
    }

    /// Whether this process writes files and reports.
    private var writes: Bool { processes?.isFirst ?? true }

    /// The student: from the checkpoint, the converted model folder, or by surgery on the dense one.
    private func start(
        _ saved: (RunState.Position, AdaptiveConfiguration)?, isFirst: Bool
    ) throws -> AdaptiveModel {
        let student = try AdaptiveModel.load(modelFolder, device: device)
        if let (position, configuration) = saved {
            let model =
                try student.configuration == nil ? AdaptiveModel(student.network, configuration) : student
            try model.network.move(to: device)
            try state.restore(model, at: position)
            return model
        }
        if let configuration = student.configuration {
            try options.requireSurgery(of: configuration, folder: modelFolder.relativePath)
            return student
        }
        guard isFirst else {
            throw ConversionError.order(
                "\(modelFolder.relativePath) is a dense model: run the phase before first, and name its output"
            )
        }
        try Runtime.seed(options.seed)
        let calibration = try dataset.shuffledBatches(
            size: options.distillation.optimisation.batchSize, seed: options.seed, epoch: -1
        ).prefix(options.calibrationBatches).map { try dataset.batch($0).inputs.to(device) }
        return try .convert(student.network, options.surgery, calibration: calibration)
    }

    private func run(
        _ training: PhaseTraining, from saved: Int?, _ fingerprint: String, _ model: AdaptiveModel
    ) throws {
        var step = saved ?? 0
        if let saved, saved > 0 {
            if writes {
                try training.optimizer.restore(
                    state.optimizerState(at: RunState.Position(phase: training.phase, step: saved)))
            }
            if let processes {
                for (_, tensor) in training.optimizer.state { try processes.broadcastInPlace(tensor) }
            }
        }
        while step < training.totalSteps {
            let isLast = step + 1 == training.totalSteps
            let looksAtGates =
                training.phase != .distillation && (isLast || (step + 1) % (10 * reportSteps) == 0)
            let reports = isLast || looksAtGates || step % reportSteps == 0
            // Nothing is saved whose loss was not looked at.
            let saves = isLast || (step + 1) % options.checkpointSteps == 0
            let values = try training.step(step, readsValues: reports || saves)
            let gates = looksAtGates ? try training.gateReport(step) : nil
            step += 1
            if reports, writes {
                report(
                    TrainingReport(
                        phase: training.phase, step: step, totalSteps: training.totalSteps, values: values,
                        gates: gates))
            }
            // On a GPU the loss of a step that another process left unfinished may look sound.
            if saves { try processes?.wait() }
            if saves, writes {
                try state.save(
                    RunState.Position(phase: training.phase, step: step), fingerprint: fingerprint,
                    model: model,
                    optimizer: training.optimizer.state)
            }
        }
    }
}
