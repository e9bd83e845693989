import Foundation
import Preprocessing
import TestSupport
import Torch
import Transformers

@testable import Datasets

/// `Tests/Goldens/datasets`.
let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Goldens/datasets")

extension TemporaryFolder {
    /// Writes a file, with the folders above it.
    @discardableResult
    func put(_ name: String, _ content: Data = Data()) throws -> URL {
        try FileManager.default.createDirectory(
            at: self[name].deletingLastPathComponent(), withIntermediateDirectories: true)
        return try add(name, content)
    }

    func put(_ name: String, _ text: String) throws { try put(name, Data(text.utf8)) }
}

/// A PNG of one colour.
func picture(_ level: Int, height: Int = 4, width: Int = 4) throws -> Data {
    try ImageEncoder.png(.full([3, height, width], Double(level), .uint8))
}

/// Numbers in place of samples, in whose place some fail.
struct Numbers: Dataset {
    let count: Int
    var lengths: [Int]?
    var failing: Set<Int> = []
    /// Called with the numbers of every batch.
    var observe: @Sendable ([Int]) -> Void = { _ in }
    let classNames: [String]? = ["zero"]

    struct Failure: Error, Equatable {
        let indices: [Int]
    }

    func batch(_ indices: [Int]) throws -> Batch { try load(indices, nil) }

    func load(_ indices: [Int], _ epoch: Epoch?) throws -> Batch {
        observe(indices)
        if !failing.isDisjoint(with: indices) { throw Failure(indices: indices) }
        return Batch(inputs: ModelInputs(["x": try Tensor(indices)]), labels: nil, indices: indices)
    }

    func finish(_ batch: Batch, _ epoch: Epoch?) throws -> Batch {
        var batch = batch
        batch.inputs.tensors["x"] = try batch.inputs.required("x") + Double(epoch?.number ?? 0) * 1000
        return batch
    }
}

/// The header of a tar archive's member, and its data.
func tarMember(_ name: String, _ content: Data, kind: Character = "0", size: Int? = nil) -> Data {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
        header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    put(String(name.prefix(100)), at: 0)
    let digits = String(size ?? content.count, radix: 8)
    put(String(repeating: "0", count: 11 - digits.count) + digits, at: 124)
    put("        ", at: 148)
    put(String(kind), at: 156)
    put("ustar\u{0}00", at: 257)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ", at: 148)
    return Data(header) + content + Data(count: (512 - content.count % 512) % 512)
}

/// A tar archive with its two empty blocks at the end.
func tarArchive(_ members: [(name: String, content: Data)]) -> Data {
    members.reduce(Data()) { $0 + tarMember($1.name, $1.content) } + Data(count: 1024)
}
