extension BatchPlan {
    /// The places that one of several processes gets of a batch: a part of its front and the mirrored part of
    /// its back, so that what mixing pairs stays together; of an odd number of rows a part in one piece.
    ///
    /// - Parameters:
    ///   - index: of the process, from 0.
    ///   - processCount: how many share the batch; it divides the number of rows.
    ///   - rowCount: of the whole batch.
    public static func places(of index: Int, among processCount: Int, rowCount: Int) -> [Int] {
        let own = rowCount / processCount
        guard own.isMultiple(of: 2) else { return Array(index * own..<(index + 1) * own) }
        let front = index * (own / 2)..<(index + 1) * (own / 2)
        return Array(front) + front.reversed().map { rowCount - 1 - $0 }
    }

    /// The same batches, of each the part of one of several processes; see ``places(of:among:rowCount:)``.
    public func share(of index: Int, among processCount: Int) -> BatchPlan {
        BatchPlan(passesOverEmpty: passesOverEmpty) { [self] number in
            self[number].map { item in
                let places = Self.places(of: index, among: processCount, rowCount: item.indices.count)
                return Item(indices: places.map { item.indices[$0] }, epoch: item.epoch)
            }
        }
    }
}
