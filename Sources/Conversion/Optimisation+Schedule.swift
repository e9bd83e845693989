import Torch

extension ConversionOptions.Optimisation {
    /// Steps in all: `steps` where that is given, else what the epochs come to.
    func stepCount(samples: Int) -> Int {
        if steps > 0 { return steps }
        let stepsInEpoch = max(1, samples / batchSize)
        return max(Int((Double(stepsInEpoch) * epochs).rounded()), epochs > 0 ? 1 : 0)
    }

    func schedule(steps: Int) -> LearningRateSchedule {
        LearningRateSchedule(
            .cosine, peak: learningRate, final: finalLearningRate, warmupSteps: warmupSteps,
            totalSteps: steps)
    }

    /// - Parameter name: of the training, for the message.
    /// - Throws: ``ConversionError/option(_:)`` naming the first value that makes no sense.
    package func validate(_ name: String) throws {
        func require(_ condition: Bool, _ text: String) throws {
            if !condition { throw ConversionError.option("\(name): \(text)") }
        }
        try require(batchSize >= 1, "batchSize must be at least 1")
        try require(
            (0...batchSize).contains(microBatchSize),
            "microBatchSize must lie in 0...batchSize, found \(microBatchSize)")
        try require(learningRate > 0 && learningRate.isFinite, "learningRate must be a number above 0")
        try require(
            finalLearningRate >= 0 && finalLearningRate.isFinite, "finalLearningRate must be a number from 0")
        try require((0...1e6).contains(epochs), "epochs must lie in 0...1000000")
        try require(steps >= 0 && warmupSteps >= 0, "steps and warmupSteps must not be negative")
        try require(gradientNorm > 0, "gradientNorm must be above 0")
    }
}
