import Testing

@testable import Preprocessing

@Suite struct TokenBatchTests {
    @Test func padsToTheLongest() {
        let batch = TokenBatch(rows: [[(5, 0), (6, 1)], [], [(7, 0), (8, 0), (9, 1)]], paddingID: 3)
        #expect(batch.batchSize == 3 && batch.tokenCount == 3)
        #expect(batch.ids == [5, 6, 3, 3, 3, 3, 7, 8, 9])
        #expect(batch.typeIDs == [0, 1, 0, 0, 0, 0, 0, 0, 1])
        #expect(batch.mask == [1, 1, 0, 0, 0, 0, 1, 1, 1])
    }

    @Test func noRowsGiveNoTokens() {
        let batch = TokenBatch(rows: [], paddingID: 0)
        #expect(batch.batchSize == 0 && batch.tokenCount == 0 && batch.ids.isEmpty && batch.mask.isEmpty)
    }
}
