import Foundation

/// Feeds an input of libFuzzer to the readers of tokenizers' files.
///
/// The first byte picks a kind of tokenizer; bytes 0xFF, which no UTF-8 has, stand between the first
/// file, the second one and a text that is encoded with what was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTokenizer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = start.map { Data(bytes: $0, count: count) } ?? Data()
    guard let kind = input.first else { return 0 }
    let parts = input.dropFirst().split(separator: 0xFF, maxSplits: 2, omittingEmptySubsequences: false)
    let first = parts[0]
    let second = parts.count > 1 ? parts[1] : Data()
    // Joining the bytes of one long word takes time that grows with its square.
    let text = String(decoding: parts.count > 2 ? parts[2].prefix(500) : Data(), as: UTF8.self)
    FuzzFolder.clear()
    do {
        switch kind % 5 {
        case 0:
            FuzzFolder.write(first, "tokenizer.json")
            try encodeWithWordPiece(text)
        case 1:
            FuzzFolder.write(first, "vocab.txt")
            FuzzFolder.write(second, "tokenizer_config.json")
            try encodeWithWordPiece(text)
        case 2:
            FuzzFolder.write(first, "tokenizer.json")
            try encodeWithMerges(text)
        case 3:
            FuzzFolder.write(first, "vocab.json")
            FuzzFolder.write(second, "merges.txt")
            try encodeWithMerges(text)
        default:
            FuzzFolder.write(first, "vocab.json")
            FuzzFolder.write(second, "tokenizer_config.json")
            let tokenizer = try CTCTokenizer(folder: FuzzFolder.url)
            precondition(tokenizer.encode(text).allSatisfy { $0 >= 0 })
        }
    } catch is PreprocessingError, is JSONError, is FileError {
    } catch {
        preconditionFailure("an error of another kind: \(error)")
    }
    return 0
}

private func encodeWithWordPiece(_ text: String) throws {
    let tokenizer = try WordPieceTokenizer(folder: FuzzFolder.url)
    let encoding = try tokenizer.encode(text)
    let length = text.unicodeScalars.count
    precondition(encoding.ids.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) })
    precondition(encoding.offsets.allSatisfy { $0.upperBound <= length })
}

private func encodeWithMerges(_ text: String) throws {
    let tokenizer = try ByteLevelTokenizer(folder: FuzzFolder.url)
    let ids = try tokenizer.encode(text)
    precondition(ids.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) })
    _ = try tokenizer.decode(ids)
}
