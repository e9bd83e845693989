/// Encoded texts of one batch, padded on the right to the longest of them.
///
/// Arrays are row-major, `[batch, tokens]`, in the type that models take indices in.
public struct TokenBatch: Equatable, Sendable {
    /// The number of texts.
    public let batchSize: Int
    /// The number of tokens of every row, padding included.
    public let tokenCount: Int
    /// Token ids (`input_ids`).
    public let ids: [Int64]
    /// Which text of a pair a token belongs to (`token_type_ids`); 0 for padding.
    public let typeIDs: [Int64]
    /// 1 for a token, 0 for padding (`attention_mask`).
    public let mask: [Int64]

    /// Pads `rows` with `paddingID`.
    init(rows: [[(id: Int, type: Int)]], paddingID: Int) {
        let width = rows.map(\.count).max() ?? 0
        var ids = [Int64](repeating: Int64(paddingID), count: rows.count * width)
        var typeIDs = [Int64](repeating: 0, count: rows.count * width)
        var mask = typeIDs
        for (row, tokens) in rows.enumerated() {
            for (column, token) in tokens.enumerated() {
                let index = row * width + column
                ids[index] = Int64(token.id)
                typeIDs[index] = Int64(token.type)
                mask[index] = 1
            }
        }
        batchSize = rows.count
        tokenCount = width
        self.ids = ids
        self.typeIDs = typeIDs
        self.mask = mask
    }
}
