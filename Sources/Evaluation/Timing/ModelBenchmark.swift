import AdaptiveComputation
import Torch
import Transformers

/// Times a model on random inputs of one size, at some budgets.
public struct ModelBenchmark: Sendable {
    /// The time of one batch at one budget.
    public struct Row: Sendable, Equatable {
        public let batchSize: Int
        /// nil for a dense model.
        public let budget: Double?
        /// The load that the gates chose; 1 for a dense model and in training.
        public let load: Double
        public let timing: Timing

        public var samplesPerSecond: Double { Double(batchSize) * 1000 / timing.median }

        /// Keys: `batch_size`, `budget`, `load`, `milliseconds` (`median`, `p10`, `p90`),
        /// `samples_per_second`.
        public var json: JSONValue {
            [
                "batch_size": .integer(batchSize), "budget": budget.map { .number($0) } ?? .null,
                "load": .number(load),
                "milliseconds": [
                    "median": .number(timing.median), "p10": .number(timing.quantile(0.1)),
                    "p90": .number(timing.quantile(0.9)),
                ],
                "samples_per_second": .number(samplesPerSecond),
            ]
        }
    }

    public var models: [AdaptiveModel]
    public var device: Device
    public var type: DataType
    /// Of a text, of speech, or of the text that Whisper gives for a whole window; images have their
    /// model's own size.
    public var tokenCount: Int
    public var repeatCount: Int

    /// - Parameters:
    ///   - models: what to time in turns; a dense model is timed once, an adaptive one at
    ///     every budget.
    ///   - device: where the models run.
    ///   - type: of floating-point inputs; in training what autocast computes in.
    ///   - tokenCount: tokens of a sample; images have their model's own size.
    ///   - repeatCount: timed runs of each case.
    public init(
        _ models: [AdaptiveModel], device: Device = .cpu, type: DataType = .float32, tokenCount: Int = 128,
        repeatCount: Int = 20
    ) {
        self.models = models
        self.device = device
        self.type = type
        self.tokenCount = tokenCount
        self.repeatCount = repeatCount
    }

    /// Forward passes without gradients.
    public func inference(batchSize: Int, budgets: [Double]) throws -> [Row] {
        let cases = models.flatMap { model -> [(model: AdaptiveModel, budget: Double?)] in
            model.isAdaptive ? budgets.map { (model, $0) } : [(model, nil)]
        }
        return try withoutGradients {
            let inputs = try models.first.map { try randomInputs($0, batchSize: batchSize) }
            guard let inputs else { return [] }
            let timings = try InterleavedTiming.measure(
                repeatCount: repeatCount,
                cases.map { model, budget in
                    {
                        _ = try model(inputs, AdaptivePass(budget: budget ?? 1))
                        try device.synchronize()
                    }
                })
            return try zip(cases, timings).map { entry, timing in
                let pass = AdaptivePass(budget: entry.budget ?? 1)
                _ = try entry.model(inputs, pass)
                var meter = LoadMeter(entry.model)
                try meter.add(pass)
                return Row(batchSize: batchSize, budget: entry.budget, load: meter.load, timing: timing)
            }
        }
    }

    /// Steps of training: forward, backward, clipping, Adam, on the mean square of the first output.
    public func training(batchSize: Int) throws -> [Row] {
        let jobs = try models.map { model in
            let inputs = try randomInputs(model, batchSize: batchSize)
            try model.network.setRequiresGradient(true)
            let optimizer = try Adam([Adam.Group(parameters: model.network.namedParameters())])
            return {
                let pass = AdaptivePass(mode: .training(temperature: 1))
                let outputs = try withAutocast(type == .float32 ? nil : type, on: device) {
                    try model(inputs, pass)
                }
                guard let output = outputs.tensors.first?.tensor else { return }
                try output.to(nil, .float32).square().mean().backward()
                try optimizer.clipGradients(maximum: 1)
                try optimizer.step(rate: 1e-6)
                try optimizer.clearGradients()
                try device.synchronize()
            }
        }
        return try zip(models, InterleavedTiming.measure(repeatCount: repeatCount, jobs)).map {
            Row(batchSize: batchSize, budget: $0.isAdaptive ? 1 : nil, load: 1, timing: $1)
        }
    }

    private func randomInputs(_ model: AdaptiveModel, batchSize: Int) throws -> ModelInputs {
        if let speech = model.network as? Wav2Vec2Model {
            let samples = speech.sizes.sampleCount(frames: tokenCount)
            return ModelInputs(["input_values": try .normal([batchSize, samples], type, device: device)])
        }
        func tokens(vocabulary: Int) throws -> Tensor {
            var random = SystemRandomNumberGenerator()
            let ids = (0..<batchSize * tokenCount).map { _ in Int.random(in: 0..<vocabulary, using: &random) }
            return try Tensor(ids, shape: [batchSize, tokenCount]).to(device)
        }
        if let whisper = model.network as? WhisperModel {
            let sizes = whisper.sizes
            return ModelInputs([
                "input_features": try .normal(
                    [batchSize, sizes.melCount, sizes.frameCount], type, device: device),
                "decoder_input_ids": try tokens(vocabulary: sizes.vocabularySize),
            ])
        }
        let configuration = try JSONObjectReader(model.network.configuration, source: "config.json")
        if model.network.dimensions.tokenCount == nil {
            let vocabulary = try configuration.integer("vocab_size", in: 1...Int.max)
            return ModelInputs([
                "input_ids": try tokens(vocabulary: vocabulary),
                "attention_mask": try .ones([batchSize, tokenCount], .int64, device: device),
            ])
        }
        let size = model.network.configuration["image_size"]
        let height = size?[0]?.integerValue ?? size?.integerValue ?? 224
        let width = size?[1]?.integerValue ?? height
        let channels = try configuration.integer("num_channels", default: 3, in: 1...Int.max)
        return ModelInputs([
            "pixel_values": try .normal([batchSize, channels, height, width], type, device: device)
        ])
    }
}
