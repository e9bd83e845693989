import AdaptiveComputation
import Datasets
import Torch
import Transformers

extension ModelBenchmark {
    /// Whole batches of samples of like length, on the device: as many as there are timed runs if the data has so
    /// many, evenly over all lengths.
    func batches(of dataset: any Dataset, _ batchSize: Int) throws -> [ModelInputs] {
        let whole = dataset.batchesByLength(size: batchSize).filter { $0.count == batchSize }
        let count = min(whole.count, repeatCount)
        guard count > 0 else {
            throw EvaluationError.tooFewSamples(needed: batchSize, found: dataset.count)
        }
        return try (0..<count).map {
            try dataset.batch(whole[(2 * $0 + 1) * whole.count / (2 * count)]).to(device).inputs
        }
    }

    /// Random numbers of the kind and size that a model takes.
    func randomInputs(_ model: AdaptiveModel, batchSize: Int) throws -> ModelInputs {
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
