/// Random changes of training images.
///
/// The defaults are the recipe of the paper: random resized crops, flips, exactly one of grayscale,
/// solarisation and blur, colour jitter, mixup or CutMix, smoothed labels.
///
/// - Source: Touvron, Cord & Jégou 2022 (DeiT III), section 3.2 and table 1.
public struct AugmentationOptions: Codable, Sendable, Equatable {
    /// Whether any of it is done.
    public var enabled = false
    /// Share of the image's area that a crop has, drawn uniformly from between these.
    public var smallestCrop = 0.08
    public var largestCrop = 1.0
    /// Width over height of a crop lies between this and its reciprocal, drawn uniformly in the
    /// logarithm.
    public var narrowestCrop = 0.75
    public var flipProbability = 0.5
    /// Exactly one of grayscale, solarisation and Gaussian blur, each as likely.
    public var filters = true
    /// Brightness, contrast and saturation are each multiplied by up to 1 ± this, in random order.
    public var colourJitter = 0.3
    /// Of an image to get one of the fifteen corruptions of ImageNet-C, each as likely: so that gates see
    /// in training what they may see in use. For images of three channels and 32 pixels or more.
    public var corruptionProbability = 0.0
    /// Severities are drawn from 1 to this, at most 5.
    public var largestSeverity = 3
    /// Parameter of the Beta distribution of mixup's shares; 0 leaves it out.
    public var mixup = 0.8
    /// The same for the areas of CutMix. Where both are on, each takes half of the samples.
    public var cutMix = 1.0
    /// Share of each label that is spread over all classes.
    public var labelSmoothing = 0.1

    public init(enabled: Bool = false) {
        self.enabled = enabled
    }

    /// What is wrong with the values; nil for nothing.
    public var problem: String? {
        let checks: [(Bool, String)] = [
            (
                0 < smallestCrop && smallestCrop <= largestCrop && largestCrop <= 1,
                "crops must satisfy 0 < smallestCrop ≤ largestCrop ≤ 1"
            ),
            (0 < narrowestCrop && narrowestCrop <= 1, "narrowestCrop must lie above 0 and not above 1"),
            ((0...1).contains(flipProbability), "flipProbability must lie in 0...1"),
            ((0...1).contains(colourJitter), "colourJitter must lie in 0...1"),
            ((0...1).contains(corruptionProbability), "corruptionProbability must lie in 0...1"),
            (Corruption.severities.contains(largestSeverity), "largestSeverity must lie in 1...5"),
            (
                (0...1e6).contains(mixup) && (0...1e6).contains(cutMix),
                "mixup and cutMix must not be negative"
            ),
            ((0..<1).contains(labelSmoothing), "labelSmoothing must lie in 0..<1"),
        ]
        return checks.first { !$0.0 }?.1
    }
}
