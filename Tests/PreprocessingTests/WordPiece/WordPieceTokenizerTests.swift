import Foundation
import Testing

@testable import Preprocessing

@Suite struct WordPieceTokenizerTests {
    /// Ids, types, pieces and offsets of every golden text equal those of Hugging Face's library.
    @Test(arguments: [("uncased", "uncased"), ("vocabulary", "uncased"), ("cased", "cased")])
    func encodesAsTheReference(folder: String, encodings: String) throws {
        let tokenizer = try WordPieceTokenizer(folder: Goldens.wordPiece(folder))
        let goldens = try Goldens.encodings(encodings)
        #expect(goldens.count > 300)
        for golden in goldens {
            let found = try tokenizer.encode(
                golden.text, pair: golden.pair, maximumLength: golden.maximumLength)
            let text = Comment(
                rawValue: golden.text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined())
            #expect(found.ids == golden.ids, text)
            #expect(found.typeIDs == golden.typeIDs, text)
            #expect(found.tokens.map { Array($0.utf8) } == golden.tokens.map { Array($0.utf8) }, text)
            #expect(found.offsets.map { [$0.lowerBound, $0.upperBound] } == golden.offsets, text)
        }
    }

    @Test func knowsItsPaddingAndItsSize() throws {
        let uncased = try WordPieceTokenizer(folder: Goldens.wordPiece("uncased"))
        let pieces = try String(
            contentsOf: Goldens.wordPiece("vocabulary").appendingPathComponent("vocab.txt"), encoding: .utf8)
        #expect(uncased.paddingID == 0)
        #expect(uncased.vocabularySize == pieces.utf8.count(where: { $0 == UInt8(ascii: "\n") }))
        let cased = try WordPieceTokenizer(folder: Goldens.wordPiece("cased"))
        #expect(cased.paddingID % 3 == 1 && cased.paddingID > 7)  // ids with gaps: 7, 10, 13, …
        #expect(cased.vocabularySize > cased.paddingID)
    }

    @Test func batchesArePaddedAndCut() throws {
        let tokenizer = try WordPieceTokenizer(folder: Goldens.wordPiece("uncased"))
        let texts = ["the", "", "the genus of the plants of the genus"]
        let batch = try tokenizer.encodeBatch(texts, maximumLength: 6)
        #expect(batch.batchSize == 3 && batch.tokenCount == 6)
        for (row, text) in texts.enumerated() {
            let ids = try tokenizer.encode(text, maximumLength: 6).ids.map(Int64.init)
            let padding = [Int64](repeating: 0, count: 6 - ids.count)
            #expect(Array(batch.ids[row * 6..<row * 6 + 6]) == ids + padding)
            #expect(Array(batch.mask[row * 6..<row * 6 + 6]) == ids.map { _ in 1 } + padding)
        }
        #expect(batch.typeIDs.allSatisfy { $0 == 0 })
        #expect(try tokenizer.encodeBatch([], maximumLength: 6).batchSize == 0)
    }

    @Test(arguments: [(nil, 1), (nil, 0), (nil, -1), ("b", 2)] as [(String?, Int)])
    func refusesALengthWithoutRoomForSpecialTokens(pair: String?, length: Int) throws {
        let tokenizer = try WordPieceTokenizer(folder: Goldens.wordPiece("uncased"))
        let text = try message { _ = try tokenizer.encode("a", pair: pair, maximumLength: length) }
        #expect(text.contains("at least \(pair == nil ? 2 : 3)") && text.hasSuffix("found \(length)."))
        #expect(throws: PreprocessingError.self) { try tokenizer.encodeBatch(["a"], maximumLength: 1) }
    }

    @Test func manyThreadsMayShareOne() async throws {
        let tokenizer = try WordPieceTokenizer(folder: Goldens.wordPiece("uncased"))
        let goldens = try Goldens.encodings("uncased").filter { $0.pair == nil && $0.maximumLength == nil }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for golden in goldens.prefix(100) {
                group.addTask { try tokenizer.encode(golden.text).ids == golden.ids }
            }
            for try await same in group { #expect(same) }
        }
    }

    @Test func refusesAFolderWithoutATokenizer() throws {
        let folder = try TemporaryFolder()
        let text = try message { _ = try WordPieceTokenizer(folder: folder.url) }
        #expect(text.contains("tokenizer.json") && text.contains(folder.url.path))
        #expect(throws: PreprocessingError.self) {
            try WordPieceTokenizer(folder: folder.url.appendingPathComponent("none"))
        }
    }
}
