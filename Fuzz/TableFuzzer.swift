import Foundation

/// Feeds an input of libFuzzer to the readers of lines and of tables with tabs.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTable(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = start.map { Data(bytes: $0, count: count) } ?? Data()
    for name in ["lines.txt", "table.tsv"] {
        let file = FuzzFolder.write(input, name)
        let strict = readTable(file, BadSamples())
        let tolerant = readTable(file, BadSamples(areSkipped: true))
        // What is read without a fault is the same when faults are left out.
        if let strict { precondition(strict == tolerant) }
    }
    return 0
}

/// Checks that every text of an accepted table stands on its line, and that a refusal gives a message.
private func readTable(_ file: URL, _ badSamples: BadSamples) -> TextTable? {
    do {
        let table = try TextTable(file, split: nil, badSamples: badSamples)
        precondition(!table.texts.isEmpty && table.texts.count == table.lineNumbers.count)
        precondition(table.labels.map { $0.count == table.texts.count } ?? true)
        var last = 0
        for (text, number) in zip(table.texts, table.lineNumbers) {
            precondition(number > last && !text.utf8.contains(UInt8(ascii: "\n")))
            last = number
        }
        if file.pathExtension == "tsv" {
            precondition(!table.texts.contains { $0.utf8.contains(UInt8(ascii: "\t")) })
        }
        return table
    } catch let error as DatasetError {
        precondition(error.localizedDescription.contains(file.lastPathComponent))
        return nil
    } catch {
        preconditionFailure("an error of another kind: \(error)")
    }
}
