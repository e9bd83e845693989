/// A dataset whose samples can be changed at random for training.
public protocol AugmentableDataset: Dataset {
    /// - Parameters:
    ///   - options: the random changes.
    ///   - mixes: whether samples are mixed with each other, which makes their labels shares
    ///     of classes.
    func augmented(_ options: AugmentationOptions, mixes: Bool) -> Self
}
