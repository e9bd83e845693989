import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// Makes the processes' parts of a batch fit each other.
///
/// Rows are filled up to the longest of all processes, as one process would, so that what is drawn at
/// random and what depends on padding is the same however many share the batch.
struct BatchSharing {
    let group: ProcessGroup

    /// Rows, the number of inputs, the width of labels, and those of up to seven inputs.
    private static let numberCount = 10

    /// - Parameter rowCount: of the whole batch as it was planned.
    /// - Returns: the filled-up batch and which rows it has.
    func share(_ batch: Batch, rowCount: Int) throws -> (Batch, BatchShare) {
        let names = batch.inputs.tensors.keys.sorted()
        let texts = batch.labels.flatMap { $0.rank == 2 && $0.dataType == .int64 ? $0 : nil }
        var numbers = [batch.sampleCount, names.count, texts?.shape[1] ?? 0]
        numbers += names.map { name in
            batch.inputs[name].map { $0.rank == 2 ? $0.shape[1] : 0 } ?? 0
        }
        guard numbers.count <= Self.numberCount else {
            throw ConversionError.data("A batch has \(names.count) inputs, processes share up to 7")
        }
        numbers += Array(repeating: 0, count: Self.numberCount - numbers.count)
        let all = try group.gathered(Tensor(numbers)).array(of: Int.self)
        func column(_ index: Int) -> [Int] {
            (0..<group.size).map { all[$0 * Self.numberCount + index] }
        }
        guard Set(column(1)).count == 1 else {
            throw ConversionError.data("The processes have batches of other inputs: give all the same data")
        }

        var filled = batch
        for (index, name) in names.enumerated() {
            filled.inputs.tensors[name] = try batch.inputs[name].map {
                try $0.filled(to: column(3 + index).max() ?? 0, value: 0)
            }
        }
        if let texts { filled.labels = try texts.filled(to: column(2).max() ?? 0, value: -100) }
        return (filled, BatchShare(group, rows(column(0), planned: rowCount)))
    }

    /// As planned; where samples were left out, one process's rows after the other's.
    private func rows(_ counts: [Int], planned: Int) -> BatchRows {
        let total = counts.reduce(0, +)
        if counts.allSatisfy({ $0 * group.size == planned }) {
            return BatchRows(
                places: BatchPlan.places(of: group.rank, among: group.size, rowCount: planned),
                count: planned)
        }
        let first = counts.prefix(group.rank).reduce(0, +)
        return BatchRows(places: Array(first..<first + counts[group.rank]), count: total)
    }
}

extension Tensor {
    /// A `[rows, width]` tensor with columns of a value up to a width; others as they are.
    fileprivate func filled(to width: Int, value: Double) throws -> Tensor {
        guard rank == 2, shape[1] < width else { return self }
        return try paddedLast(before: 0, after: width - shape[1], value: value)
    }
}
