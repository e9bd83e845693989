/// Which samples make which batch: a function of the batch's number alone, so that reading can
/// begin anywhere.
public final class BatchPlan {
    public struct Item: Sendable {
        public let indices: [Int]
        /// What decides about random changes of the samples; nil makes none.
        public let epoch: Epoch?
    }

    private let item: (Int) -> Item?
    /// Whether batches without a sample that can be read are passed over; else they are failures.
    let passesOverEmpty: Bool

    /// - Parameters:
    ///   - passesOverEmpty: whether batches without a sample that can be read are passed over; else they
    ///     are failures.
    ///   - item: the batch of a number; nil behind the last.
    public init(passesOverEmpty: Bool = false, _ item: @escaping (Int) -> Item?) {
        self.item = item
        self.passesOverEmpty = passesOverEmpty
    }

    public subscript(number: Int) -> Item? { item(number) }

    /// Given batches, one after the other, unchanged.
    public static func inOrder(_ batches: [[Int]]) -> BatchPlan {
        BatchPlan(passesOverEmpty: true) {
            batches.indices.contains($0) ? Item(indices: batches[$0], epoch: nil) : nil
        }
    }

    /// Epoch after epoch, each in its own random order (see `Dataset.shuffledBatches`).
    ///
    /// - Parameters:
    ///   - dataset: whose samples are ordered.
    ///   - size: samples of a batch.
    ///   - seed: with an epoch's number it decides the order and all random changes.
    ///   - count: of the batches in all.
    public static func shuffled(
        _ dataset: any Dataset, size: Int, seed: UInt64, count: Int
    ) -> BatchPlan {
        let batchesInEpoch = max(1, dataset.count / size)
        var current: (epoch: Int, batches: [[Int]])?
        return BatchPlan { number in
            guard number < count else { return nil }
            let epoch = number / batchesInEpoch
            if current?.epoch != epoch {
                current = (epoch, dataset.shuffledBatches(size: size, seed: seed, epoch: epoch))
            }
            guard let batches = current?.batches, !batches.isEmpty else { return nil }
            return Item(
                indices: batches[number % batchesInEpoch], epoch: Epoch(seed: seed, number: epoch))
        }
    }
}
