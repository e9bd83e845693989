import Datasets
import Torch
import Transformers

/// The training of a dense classifier, step by step.
///
/// All randomness of a step comes from the seed and the step's number, so that a resumed run needs no
/// state of generators.
final class DenseTraining {
    let totalSteps: Int
    let optimizer: Adam
    private let network: any TransformerModel
    private let options: DenseOptions
    private let batches: TrainingBatches
    private let schedule: LearningRateSchedule
    private let device: Device
    private var finiteCheck = FiniteCheck()

    init(
        _ network: any TransformerModel, _ options: DenseOptions, _ dataset: any Dataset, _ device: Device,
        loading: LoadingOptions
    ) throws {
        self.network = network
        self.options = options
        self.device = device
        totalSteps = options.optimisation.stepCount(samples: dataset.count)
        schedule = options.optimisation.schedule(steps: totalSteps)
        let images = options.augmentation.enabled ? dataset as? any AugmentableDataset : nil
        batches = TrainingBatches(
            images?.augmented(options.augmentation, mixes: true) ?? dataset,
            size: options.optimisation.batchSize, seed: options.seed, count: totalSteps, device: device,
            loading: loading)
        let parameters = network.namedParameters()
        try network.setRequiresGradient(true)
        optimizer = try Adam(
            [
                Adam.Group(parameters: parameters.filter { Self.decays($0.tensor) }),
                Adam.Group(parameters: parameters.filter { !Self.decays($0.tensor) }, decays: false),
            ], weightDecay: options.weightDecay)
    }

    /// Not vectors, nor class tokens and positions, `[1, tokens, width]`.
    private static func decays(_ parameter: Tensor) -> Bool {
        parameter.rank > 1 && parameter.shape[0] > 1
    }

    /// The learning rate of a step.
    func rate(_ step: Int) -> Double { schedule.rate(step: step) }

    /// Does one step and, when asked, reads its values back.
    func step(_ step: Int, readsValues: Bool) throws -> [(name: String, value: Double)] {
        var random = SplitMix64(seed: options.seed &+ UInt64(step) << 8)
        try Runtime.seed(random.next())
        let batch = try batches.batch(step)
        try optimizer.clearGradients()
        var values: [(name: String, tensor: Tensor)] = []
        for part in try batch.parts(of: options.optimisation.microBatchSize) {
            let share = Double(part.sampleCount) / Double(max(batch.sampleCount, 1))
            let found = try learn(part, share)
            values =
                try values.isEmpty ? found : zip(values, found).map { ($0.name, try $0.tensor + $1.tensor) }
        }
        let norm = try optimizer.clipGradients(maximum: options.optimisation.gradientNorm)
        let isSpoilt = try finiteCheck.add(step, loss: values[0].tensor, norm: norm)
        if readsValues || device == .cpu { try finiteCheck.require("training") }
        try optimizer.step(rate: rate(step), unless: isSpoilt)
        return try readsValues ? values.map { ($0.name, try $0.tensor.item(Double.self)) } : []
    }

    /// Adds the gradients of a part of a batch.
    ///
    /// - Returns: what the part adds to the batch's mean values.
    private func learn(_ part: Batch, _ share: Double) throws -> [(name: String, tensor: Tensor)] {
        guard let labels = part.labels else { throw Self.noLabels }
        let type: DataType? = options.precision == .bfloat16 ? .bfloat16 : nil
        let logits = try withAutocast(type, on: device) {
            try network(part.inputs, ForwardPass()).required("logits").to(nil, .float32)
        }
        // Labels that are shares of classes are smooth already.
        let areShares = labels.dataType.isFloatingPoint
        let loss =
            try Loss.crossEntropy(logits, labels, smoothing: areShares ? 0 : options.labelSmoothing) * share
        try loss.backward()
        if areShares { return [("loss", try loss.detach())] }
        let right = try logits.argMax(axis: -1).equals(labels).to(nil, .float32).mean() * share
        return [("loss", try loss.detach()), ("accuracy", right)]
    }

    static let noLabels = ConversionError.data(
        "The data has no labels: a classifier learns from labelled data alone")
}
