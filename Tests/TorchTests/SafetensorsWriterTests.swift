import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct SafetensorsWriterTests {
    private struct Interruption: Error {}

    private let folder: TemporaryFolder
    private let url: URL

    init() throws {
        folder = try TemporaryFolder()
        url = folder.url.appendingPathComponent("model.safetensors")
    }

    /// A tensor of bytes that are all in memory.
    private func tensor(
        _ name: String, _ shape: [Int], _ bytes: [UInt8], as dataType: SafetensorsDataType = .uint8
    ) -> SafetensorsTensor {
        SafetensorsTensor(name: name, dataType: dataType, shape: shape) { receive in
            try bytes.withUnsafeBytes(receive)
        }
    }

    /// The tensors of a file, to be written again.
    private func tensors(of file: SafetensorsFile) -> [SafetensorsTensor] {
        file.entries.values.map { entry in
            SafetensorsTensor(
                name: entry.name, dataType: entry.dataType, shape: entry.shape
            ) { receive in
                try file.withBytes(of: entry.name) { try receive(UnsafeRawBufferPointer($0)) }
            }
        }
    }

    /// `tensors(of:)` comes in another order each time, for dictionaries have none.
    @Test func writesWhatPythonWrites() throws {
        let file = try SafetensorsFile(folder.add("python", SafetensorsFixture.python))
        try SafetensorsWriter.write(to: url, tensors: tensors(of: file), metadata: file.metadata)
        #expect(try Data(contentsOf: url) == SafetensorsFixture.python)
    }

    @Test func readsBackBitwise() throws {
        let metadata = ["format": "pt", "é\n\"": "😀", "": ""]
        let floats: [Float] = [.nan, -.infinity, -0.0, .leastNonzeroMagnitude]
        let bytes = floats.withUnsafeBytes(Array.init)
        try SafetensorsWriter.write(
            to: url,
            tensors: [
                tensor("z\"\\", [3], [1, 2, 3]), tensor("floats", [2, 2], bytes, as: .float32),
                tensor("scalar", [], [5, 6], as: .int16), tensor("", [1], [1], as: .bool),
            ], metadata: metadata)

        let file = try SafetensorsFile(url)
        #expect(file.metadata == metadata)
        #expect(file.names == ["floats", "scalar", "z\"\\", ""])
        #expect(try file.withBytes(of: "floats") { Array($0) } == bytes)
        #expect(try file.withBytes(of: "scalar") { Array($0) } == [5, 6])
        #expect(try file.withBytes(of: "z\"\\") { Array($0) } == [1, 2, 3])
        #expect(try file.entry("floats").shape == [2, 2])
        #expect(file.names.allSatisfy { file.entries[$0]?.isAligned == true })
        #expect(file.entries["floats"].map { $0.range.lowerBound % 8 } == 0)
    }

    @Test func emptyFiles() throws {
        try SafetensorsWriter.write(to: url, tensors: [], metadata: [:])
        #expect(try Data(contentsOf: url) == Data(SafetensorsFixture.file(header: "{}      ")))
        try SafetensorsWriter.write(to: url, tensors: [])
        #expect(try SafetensorsFile(url).metadata == ["format": "pt"])
    }

    @Test(arguments: [[0], [3, 0], [0, 0, 2], [0, .max]])
    func tensorsOfNoElements(shape: [Int]) throws {
        try SafetensorsWriter.write(
            to: url, tensors: [tensor("a", shape, [], as: .float64), tensor("b", [1], [7])])
        let file = try SafetensorsFile(url)
        #expect(try file.entry("a").shape == shape)
        #expect(try file.withBytes(of: "a") { $0.count } == 0)
        #expect(try file.withBytes(of: "b") { Array($0) } == [7])
    }

    @Test func noPiecesForNoElements() throws {
        let empty = SafetensorsTensor(name: "a", dataType: .float32, shape: [0]) { _ in }
        try SafetensorsWriter.write(to: url, tensors: [empty])
        #expect(try SafetensorsFile(url).names == ["a"])
    }

    @Test func takesPieces() throws {
        let pieces = SafetensorsTensor(name: "a", dataType: .uint8, shape: [5]) { receive in
            for piece in [[1, 2], [], [3, 4, 5]] as [[UInt8]] {
                try piece.withUnsafeBytes(receive)
            }
        }
        try SafetensorsWriter.write(to: url, tensors: [pieces])
        #expect(try SafetensorsFile(url).withBytes(of: "a") { Array($0) } == [1, 2, 3, 4, 5])
    }

    // MARK: What goes wrong leaves the old file

    /// Writes over an old file, expects an error, and that nothing else has changed.
    private func refusal(_ tensors: [SafetensorsTensor]) throws -> any Error {
        try folder.add("model.safetensors", Data("old".utf8))
        let error = try #require(throws: (any Error).self) {
            try SafetensorsWriter.write(to: url, tensors: tensors)
        }
        #expect(try Data(contentsOf: url) == Data("old".utf8))
        #expect(try folder.contents() == ["model.safetensors"])
        return error
    }

    @Test func interruptedWrite() throws {
        let interrupted = SafetensorsTensor(name: "b", dataType: .uint8, shape: [2]) { receive in
            try [1 as UInt8].withUnsafeBytes(receive)
            throw Interruption()
        }
        #expect(try refusal([tensor("a", [1], [1]), interrupted]) is Interruption)
    }

    @Test(arguments: [("w", "w"), ("\u{E9}", "e\u{301}")])
    func nameThatComesTwice(one: String, other: String) throws {
        let error = try refusal([tensor(one, [1], [1]), tensor(other, [1], [1])])
        #expect((error as? SafetensorsError)?.description.contains("a name of its own") == true)
    }

    @Test func nameOfTheMetadata() throws {
        let error = try refusal([tensor("__metadata__", [1], [1])])
        #expect(
            error as? SafetensorsError
                == .cannotWrite(
                    file: url.path, tensor: "__metadata__", expected: "a name of its own",
                    found: "one that is taken"))
    }

    @Test(arguments: [[-1], [2, -1], [.max, 2], [1 << 32, 1 << 32], [1 << 62, 0, 4]])
    func impossibleShape(shape: [Int]) throws {
        let error = try refusal([tensor("w", shape, [], as: .float32)])
        guard case SafetensorsError.cannotWrite(_, "w", "a shape that fits a file", _) = error
        else {
            throw error
        }
    }

    @Test func sumBeyondAllFiles() throws {
        let huge = tensor("a", [1 << 62], [])
        #expect(try refusal([huge, tensor("b", [1], [1])]) is SafetensorsError)
    }

    @Test(arguments: [(1, "1"), (3, "more")])
    func bytesThatDoNotFitTheShape(count: Int, found: String) throws {
        let error = try refusal([tensor("w", [2], Array(repeating: 0, count: count))])
        #expect(
            error as? SafetensorsError
                == .cannotWrite(
                    file: url.path, tensor: "w", expected: "2 bytes", found: found))
    }

    @Test func folderThatIsMissing() throws {
        let file = folder.url.appendingPathComponent("none/model.safetensors")
        #expect(throws: FileError.noFolder(path: file.path, folder: folder.url.path + "/none")) {
            try SafetensorsWriter.write(to: file, tensors: [])
        }
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs root, to mount a small file system"))
    func fullDisk() throws {
        let disk = try SmallDisk()
        let file = try disk.folder.add("model.safetensors", Data("old".utf8))
        let large = tensor("w", [1 << 20], Array(repeating: 1, count: 1 << 20))
        #expect(throws: FileError.diskFull(operation: "write", path: file.path, code: ENOSPC)) {
            try SafetensorsWriter.write(to: file, tensors: [large])
        }
        #expect(try Data(contentsOf: file) == Data("old".utf8))
        #expect(try disk.folder.contents() == ["model.safetensors"])
    }
}
