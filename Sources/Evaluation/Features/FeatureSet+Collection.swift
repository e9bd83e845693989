import AdaptiveComputation
import Datasets
import Torch
import Transformers

extension FeatureSet {
    /// Runs a model over a labelled dataset.
    ///
    /// - Parameters:
    ///   - model: on `device` already; its hidden states are pooled.
    ///   - dataset: samples with labels.
    ///   - names: what each sample of the dataset is called.
    ///   - indices: the samples to take; those that the dataset leaves out are not in the set.
    ///   - pooling: how the hidden states of a sample's tokens become one vector.
    ///   - batchSize: samples of one forward pass.
    ///   - device: where the model is.
    ///   - loading: how batches are prepared ahead.
    ///   - report: called after each batch with the samples done.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for data without labels, ``EvaluationError/notFinite(_:)`` where
    ///   the model's numbers are not, and what models and files throw.
    public static func collect(
        _ model: AdaptiveModel, _ dataset: any Dataset, names: [String], indices: [Int],
        pooling: SampleEmbedding.Pooling = .standard, batchSize: Int = 32, device: Device = .cpu,
        loading: LoadingOptions = LoadingOptions(), report: (Int) -> Void = { _ in }
    ) throws -> FeatureSet {
        guard let classNames = dataset.classNames else {
            throw EvaluationError.mismatch("Features are judged by labels, but the data has none")
        }
        let batches = stride(from: 0, to: indices.count, by: batchSize).map {
            Array(indices[$0..<min($0 + batchSize, indices.count)])
        }
        let loader = try BatchLoader(
            dataset, .inOrder(batches), device: device,
            type: model.network.namedParameters().first?.tensor.dataType, options: loading)
        var features: [Tensor] = []
        var labels: [Tensor] = []
        var kept: [Int] = []
        var done = 0
        for planned in batches {
            guard let batch = try loader.next(), let given = batch.labels else { break }
            try withoutGradients {
                // Classifiers give logits only; their last hidden states are what is pooled.
                let pass = AdaptivePass(keepsHiddenStates: true)
                let outputs = try model(batch.inputs, pass)
                let vectors = try SampleEmbedding.of(outputs, pass, pooling: pooling).to(.cpu)
                features.append(try vectors.requireFinite("embedding"))
                labels.append(try given.to(.cpu))
            }
            kept += batch.indices
            done += planned.count
            report(done)
        }
        guard !features.isEmpty else { throw EvaluationError.tooFewSamples(needed: 1, found: 0) }
        return try FeatureSet(
            features: .concatenated(features), labels: .concatenated(labels), names: kept.map { names[$0] },
            classNames: classNames)
    }
}
