import Datasets
import Torch

/// A dataset's images before they are normalised, so that they can be corrupted first.
struct RawImages: Dataset {
    let base: any Dataset

    var count: Int { base.count }
    var classNames: [String]? { base.classNames }
    var lengths: [Int]? { base.lengths }
    func place(of index: Int) -> String? { base.place(of: index) }
    var fingerprint: UInt64 { base.fingerprint }
    func batch(_ indices: [Int]) throws -> Batch { try base.load(indices, nil) }

    /// A batch of levels, corrupted and then made what the model takes.
    ///
    /// - Parameters:
    ///   - batch: `pixel_values` `[batch, channels, height, width]` uint8.
    ///   - corruption: nil leaves the images clean.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for samples that are no images, `DatasetError` for images that are
    ///   too small.
    func finished(_ batch: Batch, _ corruption: Corruption?, severity: Int) throws -> Batch {
        guard let corruption else { return try base.finish(batch, nil) }
        guard let pixels = batch.inputs["pixel_values"], pixels.dataType == .uint8 else {
            throw EvaluationError.mismatch("Corruptions need data of images")
        }
        var batch = batch
        // With one seed, the severities share their random draws.
        let seeds = batch.indices.map { index in
            var generator = SplitMix64(seed: UInt64(index))
            return generator.next()
        }
        let coloured = try pixels.expanded([-1, 3, -1, -1]).contiguous()
        batch.inputs.tensors["pixel_values"] = try corruption.apply(
            coloured, severity: severity, seeds: seeds)
        return try base.finish(batch, nil)
    }
}
