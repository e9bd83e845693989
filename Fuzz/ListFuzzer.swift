import Foundation

/// Feeds an input of libFuzzer to the readers of short lists: ImageNet's labels and classes, names of
/// shards with braces, the index of sharded weights.
///
/// The first byte picks a kind; a byte 0xFF stands between the first file and the second one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzList(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = start.map { Data(bytes: $0, count: count) } ?? Data()
    guard let kind = input.first else { return 0 }
    let parts = input.dropFirst().split(separator: 0xFF, maxSplits: 1, omittingEmptySubsequences: false)
    FuzzFolder.clear()
    let names = [
        "classes.txt", "LOC_synset_mapping.txt", "LOC_val_solution.csv", "val.txt", "synset_labels.txt",
        "ILSVRC2012_validation_ground_truth.txt", "model.safetensors.index.json",
    ]
    let number = Int(kind) % (names.count + 1)
    do {
        guard number < names.count else {
            try checkShardNames(String(decoding: parts[0], as: UTF8.self))
            return 0
        }
        let file = FuzzFolder.write(parts[0], names[number])
        if parts.count > 1 { FuzzFolder.write(parts[1], "synsets.txt") }
        switch number {
        case 0, 1:
            let list = try ClassList(file)
            precondition(!list.folders.isEmpty && list.folders.count == list.names.count)
        case 6:
            _ = try SafetensorsIndex(file)
        default:
            let images = ["ILSVRC2012_val_00000001.JPEG", "ILSVRC2012_val_00000002.JPEG"]
            let labels = try ImageNetLabels(file, images: images).labels
            precondition(labels.count == images.count)
        }
    } catch let error as LocalizedError {
        precondition(error.errorDescription?.isEmpty == false)
    } catch {
        preconditionFailure("an error without a message: \(error)")
    }
    return 0
}

/// Braces of numbers may stand for a million names: only short ranges are expanded here.
private func checkShardNames(_ pattern: String) throws {
    guard !pattern.utf8.contains(where: { (UInt8(ascii: "4")...UInt8(ascii: "9")).contains($0) }),
        pattern.utf8.count { $0 == UInt8(ascii: "{") } < 4, pattern.utf8.count < 40
    else { return }
    let names = try ShardNames.expand(pattern)
    precondition(!names.isEmpty)
}
