import AdaptiveComputation
import Conversion
import Datasets
import Foundation
import Torch
import Transformers

/// Where a baseline is trained, from what, and who is told.
public struct BaselineRun {
    let base: URL
    let output: URL
    let dataset: any Dataset
    let device: Device
    let loading: LoadingOptions
    let reportSteps: Int
    let report: (StageReport) -> Void

    /// - Parameters:
    ///   - base: the folder of a dense model.
    ///   - output: the folder to write.
    ///   - dataset: training data, of the kind that the model's objective asks for.
    ///   - device: where it is trained.
    ///   - loading: how data is read ahead.
    ///   - reportSteps: steps between reports; reports read values back from the device.
    ///   - report: called then.
    public init(
        _ base: URL, output: URL, dataset: any Dataset, device: Device = .cpu,
        loading: LoadingOptions = LoadingOptions(), reportSteps: Int = 10,
        report: @escaping (StageReport) -> Void = { _ in }
    ) {
        self.base = base
        self.output = output
        self.dataset = dataset
        self.device = device
        self.loading = loading
        self.reportSteps = reportSteps
        self.report = report
    }

    /// Reads the dense model, once data and device are known to be there.
    func loadBase() throws -> any TransformerModel {
        try device.requireAvailable()
        guard dataset.count > 0 else { throw ConversionError.data("The dataset is empty") }
        try DenseBase.check(base)
        return try ModelFolder.load(base, device: device)
    }

    func loop(
        _ dense: any TransformerModel, _ options: some TrainingOptions, _ task: BaselineTask
    ) throws -> TrainingLoop {
        let value = try Fingerprint(dense, dataset).value
        return try TrainingLoop(
            output: output, fingerprint: options.yaml() + "model and data: \(String(value, radix: 16))\n",
            checkpointSteps: task.checkpointSteps, reportSteps: reportSteps, report: report)
    }

    /// One stage of the training.
    ///
    /// - Parameters:
    ///   - name: of the stage.
    ///   - network: whose parameters are checkpointed.
    ///   - parameters: what learns.
    ///   - optimisation: steps, rates and batches.
    ///   - task: what is learnt from.
    ///   - number: of the stage, for randomness of its own.
    ///   - usesLabels: whether mixing images, which changes labels, makes sense.
    ///   - loss: the mean loss of a part of a batch, with gradients.
    func stage(
        _ name: String, _ network: any TransformerModel, parameters: [(name: String, tensor: Tensor)],
        _ optimisation: ConversionOptions.Optimisation, _ task: BaselineTask, number: UInt64,
        usesLabels: Bool, loss: @escaping (Batch) throws -> Tensor
    ) throws -> PartwiseTraining {
        let images = task.augmentation.enabled ? dataset as? any AugmentableDataset : nil
        let type: DataType? = task.precision == .bfloat16 ? .bfloat16 : nil
        return try PartwiseTraining(
            name, network, parameters: parameters, optimisation, seed: task.seed &+ number << 32,
            images?.augmented(task.augmentation, mixes: usesLabels) ?? dataset, device, loading: loading
        ) { [device] part, share in
            let found = try withAutocast(type, on: device) { try loss(part) * share }
            try found.backward()
            return [("loss", try found.detach())]
        }
    }

    /// The loss of a model's own task, mixed from labels and a teacher, for a stage.
    func taskLoss(
        _ model: any TransformerModel, teacher: any TransformerModel, _ task: BaselineTask
    ) throws -> (Batch) throws -> Tensor {
        let objective = try Objective(teacher)
        let mixture = task.mixture
        return { part in
            let (pass, teacherPass) = (ForwardPass(), ForwardPass())
            let target = try withoutGradients { try teacher(part.inputs, teacherPass) }
            return try objective.loss(
                student: (model(part.inputs, pass), pass), teacher: (target, teacherPass),
                labels: part.labels, mixture)
        }
    }

    /// Writes the model with an object of its method in `config.json`, and the options.
    func save(
        _ network: any TransformerModel, _ key: String, _ description: JSONValue,
        _ options: some TrainingOptions, as optionsFile: String
    ) throws -> AdaptiveModel {
        var network = network
        try network.setRequiresGradient(false)
        if case .object(var object) = network.configuration {
            object[key] = description
            network.configuration = .object(object)
        }
        let model = AdaptiveModel(dense: network)
        try model.save(to: output, copyingFrom: base)
        try AtomicFile.write(Data(options.yaml().utf8), to: output.appendingPathComponent(optionsFile))
        return model
    }
}
