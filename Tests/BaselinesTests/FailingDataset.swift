import Datasets
import Synchronization

/// A dataset that cannot be read any more after some batches.
final class FailingDataset: Dataset {
    struct Failure: Error {}

    private let base: any Dataset
    private let left: Mutex<Int>

    init(_ base: any Dataset, after batches: Int) {
        self.base = base
        left = Mutex(batches)
    }

    var count: Int { base.count }
    var classNames: [String]? { base.classNames }
    var lengths: [Int]? { base.lengths }
    var fingerprint: UInt64 { base.fingerprint }

    func batch(_ indices: [Int]) throws -> Batch {
        try left.withLock { left in
            guard left > 0 else { throw Failure() }
            left -= 1
        }
        return try base.batch(indices)
    }
}
