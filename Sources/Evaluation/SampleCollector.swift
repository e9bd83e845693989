import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// Runs a model over a dataset and keeps what quality and cost are computed from.
///
/// Samples of like length share a batch, as a server would have it; results are in the order of
/// the dataset.
struct SampleCollector {
    let dataset: any Dataset
    let batches: [[Int]]
    let device: Device
    private let loading: LoadingOptions

    init(_ dataset: any Dataset, _ options: EvaluationOptions) throws {
        guard dataset.count > 1 else {
            throw EvaluationError.tooFewSamples(needed: 2, found: dataset.count)
        }
        var order = Array(0..<dataset.count)
        if let lengths = dataset.lengths {
            order.sort { (lengths[$0], $0) < (lengths[$1], $1) }
        }
        self.dataset = dataset
        device = options.device
        loading = options.loading
        batches = stride(from: 0, to: order.count, by: options.batchSize).map {
            Array(order[$0..<min($0 + options.batchSize, order.count)])
        }
    }

    /// A batch on the device, its floating-point inputs in the model's type.
    func batch(_ number: Int, for model: AdaptiveModel) throws -> Batch {
        try dataset.batch(batches[number]).to(device, type(of: model))
    }

    private func type(of model: AdaptiveModel) -> DataType? {
        model.network.namedParameters().first?.tensor.dataType
    }

    /// Runs all batches without gradients.
    func collect(_ model: AdaptiveModel, budget: Double = 1) throws -> CollectedSamples {
        try withoutGradients {
            var meter = LoadMeter(model)
            var embeddings: [Tensor] = []
            var labels: [Tensor] = []
            var predictions: [Tensor] = []
            var tokenCounts: [Int] = []
            var order: [Int] = []
            var classes: ClassAccuracy?
            // Classifiers give logits only; then the last hidden states must be kept.
            var keeps = false
            let loader = try BatchLoader(
                dataset, .inOrder(batches), device: device, type: type(of: model), options: loading)
            while let batch = try loader.next() {
                order += batch.indices
                var pass = AdaptivePass(budget: budget, keepsHiddenStates: keeps)
                var outputs = try model(batch.inputs, pass)
                if !keeps, outputs["last_hidden_state"] == nil {
                    keeps = true
                    pass = AdaptivePass(budget: budget, keepsHiddenStates: true)
                    outputs = try model(batch.inputs, pass)
                }
                try meter.add(pass)
                embeddings.append(try SampleEmbedding.of(outputs, pass).to(.cpu))
                tokenCounts += try tokens(batch, model, pass)
                if let given = batch.labels {
                    labels.append(try given.to(.cpu))
                    // Texts of recordings are labels of another kind.
                    if let logits = outputs["logits"], logits.rank == 2, given.rank == 1 {
                        classes = try (classes ?? ClassAccuracy()).adding(logits, labels: given)
                        predictions.append(try logits.argMax(axis: -1).to(.cpu))
                    }
                }
            }
            guard order.count > 1 else {
                throw EvaluationError.tooFewSamples(needed: 2, found: order.count)
            }
            let places = try Tensor(order).sorted().indices  // [samples]
            return CollectedSamples(
                embeddings: try Tensor.concatenated(embeddings).entries(places),
                labels: labels.isEmpty ? nil : try Tensor.concatenated(labels).entries(places),
                classes: classes,
                predictions: predictions.isEmpty
                    ? nil : try Tensor.concatenated(predictions).entries(places),
                tokenCounts: tokenCounts, meter: meter)
        }
    }

    /// The real tokens of each sample of a batch.
    private func tokens(_ batch: Batch, _ model: AdaptiveModel, _ pass: ForwardPass) throws -> [Int] {
        if let mask = pass.tokenMask {
            return try mask.to(.cpu, .int64).sum(axis: 1).array(of: Int.self)
        }
        let count =
            try model.network.dimensions.tokenCount
            ?? batch.inputs.required("input_ids").size(1)
        return Array(repeating: count, count: batch.sampleCount)
    }
}
