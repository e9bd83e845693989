/// The rows that a process has of a batch which several share.
public struct BatchRows: Sendable, Equatable {
    /// Their places in the whole batch.
    public let places: [Int]
    /// Rows of the whole batch.
    public let count: Int

    public init(places: [Int], count: Int) {
        self.places = places
        self.count = count
    }
}
