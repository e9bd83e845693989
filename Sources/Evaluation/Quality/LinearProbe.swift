import Torch

/// A linear classifier on frozen embeddings: what a class can be read from.
///
/// `logits = weight · ((x - mean) / deviation) + bias`, by multinomial logistic regression with
/// `penalty / 2 · ‖weight‖²`. The loss is convex, training starts at zero and sees all samples in
/// every step, so the fit is the same in every run without a seed.
///
/// - Input: `[samples, width]`; output: `[samples, classes]`.
/// - Source: Alain & Bengio 2017.
public struct LinearProbe: Layer {
    /// `[width]`, of the samples of the fit.
    public let mean: Tensor
    /// `[width]`, of the samples of the fit.
    public let deviation: Tensor
    public let classifier: Linear

    public var children: [(name: String, layer: any Layer)] { [("classifier", classifier)] }

    /// Fits a probe.
    ///
    /// - Parameters:
    ///   - embeddings: `[samples, width]`.
    ///   - labels: `[samples]` int64 in 0 ..< `classCount`.
    ///   - classCount: number of classes.
    ///   - steps: steps of Adam, each over all samples.
    ///   - rate: the highest learning rate, from which a cosine falls to 0.
    ///   - penalty: on the squared weights.
    /// - Throws: ``EvaluationError`` for no samples or labels that do not fit them.
    public init(
        embeddings: Tensor, labels: Tensor, classCount: Int, steps: Int = 300, rate: Double = 0.02,
        penalty: Double = 1e-3
    ) throws {
        let count = try embeddings.size(0)
        guard count > 0 else { throw EvaluationError.tooFewSamples(needed: 1, found: 0) }
        guard labels.shape == [count] else {
            throw EvaluationError.mismatch("\(count) embeddings have labels of shape \(labels.shape)")
        }
        let features = try embeddings.detach().to(nil, .float32)
        mean = try features.mean(axis: 0)
        deviation = try (features - mean).square().mean(axis: 0).squareRoot().clamped(minimum: 1e-6)
        classifier = try Linear(inputWidth: features.size(1), outputWidth: classCount)
        try classifier.move(to: features.device)
        try withoutGradients {
            for (_, tensor) in classifier.parameters { try tensor.fillInPlace(0) }
        }
        let inputs = try (features - mean) / deviation
        let schedule = LearningRateSchedule(.cosine, peak: rate, totalSteps: steps)
        try classifier.setRequiresGradient(true)
        let optimizer = try Adam([Adam.Group(parameters: classifier.parameters)])
        for step in 0..<steps {
            let decay = try classifier.weight.square().sum() * (penalty / 2)
            try (Loss.crossEntropy(classifier(inputs), labels) + decay).backward()
            try optimizer.step(rate: schedule.rate(step: step))
            try optimizer.clearGradients()
        }
        try classifier.setRequiresGradient(false)
    }

    public func callAsFunction(_ embeddings: Tensor) throws -> Tensor {
        try classifier((embeddings.to(nil, .float32) - mean) / deviation)
    }

    /// Share of the samples whose most likely class is their label.
    ///
    /// - Parameters: `embeddings [samples, width]`, `labels [samples]` int64.
    public func accuracy(_ embeddings: Tensor, labels: Tensor) throws -> Double {
        try self(embeddings).argMax(axis: -1).equals(labels).to(nil, .float32).mean().item(Double.self)
    }
}
