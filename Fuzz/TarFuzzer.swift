import Foundation

/// Feeds an input of libFuzzer to the reader of tar archives: once as it is, and once with the right
/// checksum in every block that looks like a header, which chance does not find.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTar(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var archive = start.map { Data(bytes: $0, count: count) } ?? Data()
    checkArchive(archive)
    for block in stride(from: 0, to: archive.count - 511, by: 512)
    where archive[block + 257..<block + 262].elementsEqual("ustar".utf8) {
        archive.replaceSubrange(block + 148..<block + 156, with: "        ".utf8)
        let sum = String(archive[block..<block + 512].reduce(0) { $0 + Int($1) }, radix: 8)
        archive.replaceSubrange(block + 148..<block + 148 + sum.utf8.count, with: sum.utf8)
    }
    checkArchive(archive)
    checkShard(archive)
    return 0
}

/// Checks that samples of a shard lie within it.
private func checkShard(_ archive: Data) {
    do {
        let index = try ShardIndex(FuzzFolder.write(archive, "shard.tar"), BadSamples(areSkipped: true))
        for sample in index.samples {
            precondition(sample.range.lowerBound >= 512 && sample.range.upperBound <= archive.count)
        }
    } catch {
        preconditionFailure("an error although bad samples are left out: \(error)")
    }
}

/// Checks that members lie within the archive, each behind the one before, that reading ends, and
/// that a refusal gives a message.
private func checkArchive(_ archive: Data) {
    var reader = TarReader(byteCount: archive.count) { range in
        precondition(range.lowerBound >= 0 && range.lowerBound <= archive.count)
        return archive[range.clamped(to: 0..<archive.count)]
    }
    var end = 0
    do {
        while let member = try reader.next() {
            precondition(member.range.lowerBound >= end + 512 && member.range.upperBound <= archive.count)
            precondition(!member.name.hasSuffix("/"))
            end = member.range.upperBound
        }
    } catch let error as TarError {
        precondition(error.offset >= 0 && error.offset <= archive.count)
        precondition(error.localizedDescription.utf8.count < 70_000)
    } catch {
        preconditionFailure("an error of another kind: \(error)")
    }
}
