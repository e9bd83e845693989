import Datasets
import Torch

/// Everything that decides the training of a dense model; read from YAML, written back into the
/// output folder.
public struct DenseOptions: TrainingOptions, Equatable {
    public var optimisation = ConversionOptions.Optimisation(learningRate: 5e-5, batchSize: 64, epochs: 3)
    /// Of matrices and convolutions (AdamW); vectors, and what is one for all samples such as
    /// positions, do not decay. 0 is plain Adam.
    public var weightDecay = 0.01
    /// Share of each label that is spread over all classes. With augmentation, whose labels are shares
    /// already, `augmentation.labelSmoothing` stands in its place.
    public var labelSmoothing = 0.0
    /// Longer texts are cut to so many tokens.
    public var maximumLength = 128
    public var seed: UInt64 = 0
    /// `bfloat16` runs matrix products so; `float32` everything in full.
    public var precision = ConversionOptions.Precision.float32
    /// Steps between checkpoints.
    public var checkpointSteps = 500
    /// Speech models are trained with spans of frames and of channels hidden, as `apply_spec_augment` and the
    /// entries of `config.json` that begin with `mask_time` and `mask_feature` say.
    public var hidesSpans = true
    /// Of training images; see `AugmentationOptions`.
    public var augmentation = AugmentationOptions()

    public init() {}

    public func validate() throws {
        func require(_ condition: Bool, _ text: String) throws {
            if !condition { throw ConversionError.option(text) }
        }
        try optimisation.validate("optimisation")
        try require(
            weightDecay >= 0 && weightDecay.isFinite,
            "weightDecay must be a number from 0, found \(weightDecay)")
        try require(
            (0..<1).contains(labelSmoothing), "labelSmoothing must lie in 0..<1, found \(labelSmoothing)")
        try require(maximumLength >= 3, "maximumLength must be at least 3, found \(maximumLength)")
        try require(checkpointSteps >= 1, "checkpointSteps must be at least 1, found \(checkpointSteps)")
        if let problem = augmentation.problem { try require(false, "augmentation: \(problem)") }
    }
}
