import Datasets
import Torch
import Transformers

/// A training by a loss of batches, which may go through the network in parts.
///
/// All randomness of a step comes from the seed and the step's number, so that a resumed run needs no
/// state of generators.
package final class PartwiseTraining: TrainingStage {
    /// Adds the gradients of a part of a batch, which has this share of its samples.
    ///
    /// - Returns: what the part adds to the batch's mean values, the loss first.
    package typealias Learn = (_ part: Batch, _ share: Double) throws -> [(name: String, tensor: Tensor)]

    /// What becomes of a batch before it is parted; the generator is the step's.
    package typealias Prepare = (_ batch: Batch, _ random: inout SplitMix64) throws -> Batch

    package let name: String
    package let network: any TransformerModel
    package let totalSteps: Int
    package let optimizer: Adam
    private let optimisation: ConversionOptions.Optimisation
    private let schedule: LearningRateSchedule
    private let batches: TrainingBatches
    private let seed: UInt64
    private let device: Device
    private let prepare: Prepare?
    private let learn: Learn
    private var finiteCheck = FiniteCheck()

    /// - Parameters:
    ///   - name: of the stage.
    ///   - network: whose parameters are checkpointed.
    ///   - parameters: what learns; made to require gradients.
    ///   - weightDecay: of what decays among them.
    ///   - optimisation: steps, rates and batches.
    ///   - seed: decides all that is random.
    ///   - dataset: what is learnt from.
    ///   - device: where the network is.
    ///   - loading: how data is read ahead.
    ///   - prepare: what becomes of a batch before it is parted; nil changes nothing.
    ///   - learn: the loss.
    package init(
        _ name: String, _ network: any TransformerModel, parameters: [(name: String, tensor: Tensor)],
        weightDecay: Double = 0, _ optimisation: ConversionOptions.Optimisation, seed: UInt64,
        _ dataset: any Dataset, _ device: Device, loading: LoadingOptions, prepare: Prepare? = nil,
        learn: @escaping Learn
    ) throws {
        self.name = name
        self.network = network
        self.optimisation = optimisation
        self.seed = seed
        self.device = device
        self.prepare = prepare
        self.learn = learn
        totalSteps = optimisation.stepCount(samples: dataset.count)
        schedule = optimisation.schedule(steps: totalSteps)
        batches = TrainingBatches(
            dataset, size: optimisation.batchSize, seed: seed, count: totalSteps, device: device,
            loading: loading)
        try network.setRequiresGradient(false)
        for (_, tensor) in parameters { try tensor.setRequiresGradient() }
        optimizer = try Adam(
            [
                Adam.Group(parameters: parameters.filter { Self.decays($0.tensor) }),
                Adam.Group(parameters: parameters.filter { !Self.decays($0.tensor) }, decays: false),
            ], weightDecay: weightDecay)
    }

    /// Not vectors, nor class tokens and positions, `[1, tokens, width]`.
    private static func decays(_ parameter: Tensor) -> Bool {
        parameter.rank > 1 && parameter.shape[0] > 1
    }

    package func rate(_ step: Int) -> Double { schedule.rate(step: step) }

    package func step(_ step: Int, readsValues: Bool) throws -> [(name: String, value: Double)] {
        var random = SplitMix64(seed: seed &+ UInt64(step) << 8)
        try Runtime.seed(random.next())
        var batch = try batches.batch(step)
        if let prepare { batch = try prepare(batch, &random) }
        try optimizer.clearGradients()
        var values: [(name: String, tensor: Tensor)] = []
        for part in try batch.parts(of: optimisation.microBatchSize) {
            let share = Double(part.sampleCount) / Double(max(batch.sampleCount, 1))
            let found = try learn(part, share)
            values =
                try values.isEmpty ? found : zip(values, found).map { ($0.name, try $0.tensor + $1.tensor) }
        }
        let norm = try optimizer.clipGradients(maximum: optimisation.gradientNorm)
        let isSpoilt = try finiteCheck.add(step, loss: values[0].tensor, norm: norm)
        if readsValues || device == .cpu { try finiteCheck.require(name) }
        try optimizer.step(rate: rate(step), unless: isSpoilt)
        return try readsValues ? values.map { ($0.name, try $0.tensor.item(Double.self)) } : []
    }
}
