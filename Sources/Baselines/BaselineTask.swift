import Conversion
import Datasets

/// What all baselines learn from, and how: part of their options.
public struct BaselineTask: Codable, Sendable, Equatable {
    /// 0 learns from labels alone, 1 from the dense model alone.
    public var distillationWeight = 0.5
    public var distillationTemperature = 2.0
    /// Longer texts are cut to so many tokens.
    public var maximumLength = 128
    public var seed: UInt64 = 0
    /// `bfloat16` runs matrix products so; `float32` everything in full.
    public var precision = ConversionOptions.Precision.float32
    /// Steps between checkpoints.
    public var checkpointSteps = 500
    /// Of training images; see `AugmentationOptions`.
    public var augmentation = AugmentationOptions()

    public init() {}

    /// - Throws: `ConversionError.option(_:)` naming the first value that makes no sense.
    func validate() throws {
        func require(_ condition: Bool, _ text: String) throws {
            if !condition { throw ConversionError.option("task.\(text)") }
        }
        try require(
            (0...1).contains(distillationWeight),
            "distillationWeight must lie in 0...1, found \(distillationWeight)")
        try require(
            distillationTemperature > 0 && distillationTemperature.isFinite,
            "distillationTemperature must be above 0, found \(distillationTemperature)")
        try require(maximumLength >= 3, "maximumLength must be at least 3, found \(maximumLength)")
        try require(checkpointSteps >= 1, "checkpointSteps must be at least 1, found \(checkpointSteps)")
        if let problem = augmentation.problem { try require(false, "augmentation: \(problem)") }
    }

    /// The mixture of labels and teacher as conversions have it.
    var mixture: ConversionOptions.Finetuning {
        var mixture = ConversionOptions.Finetuning()
        mixture.distillationWeight = distillationWeight
        mixture.distillationTemperature = distillationTemperature
        return mixture
    }
}
