import Torch

/// Which rows of a batch some samples are, where a batch is taken in parts or several processes share it.
public struct BatchRows: Sendable, Equatable {
    /// Their places in the whole batch.
    public let places: [Int]
    /// Rows of the whole batch.
    public let count: Int

    public init(places: [Int], count: Int) {
        self.places = places
        self.count = count
    }

    /// These rows of a tensor that has all of the batch.
    public func of(_ whole: Tensor) throws -> Tensor {
        let first = places.first ?? 0
        if places == Array(first..<first + places.count) {
            return try whole.slice(first..<first + places.count, axis: 0)
        }
        return try whole.entries(Tensor(places).to(whole.device))
    }

    /// Some of these rows.
    public func subset(_ range: Range<Int>) -> BatchRows {
        BatchRows(places: Array(places[range]), count: count)
    }
}
