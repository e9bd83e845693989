import Foundation
import TestSupport
import Testing

@testable import Torch

/// Files that break the format: see `SafetensorsRefusalTests`.
@Suite struct SafetensorsFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open(_ bytes: some DataProtocol) throws -> SafetensorsFile {
        try SafetensorsFile(folder.add("f.safetensors", bytes))
    }

    private func open(header: String, dataByteCount: Int = 8) throws -> SafetensorsFile {
        try open(SafetensorsFixture.file(header: header, dataByteCount: dataByteCount))
    }

    @Test func readsWhatPythonWrites() throws {
        let file = try open(SafetensorsFixture.python)
        #expect(file.metadata == ["format": "pt"])
        #expect(
            file.names == [
                "u64", "scalar", "é.w", "weight", "u32", "i32", "half", "empty", "f16", "u16",
                "i16",
                "small", "tiny", "i8", "bytes", "mask",
            ])
        #expect(Set(file.entries.values.map(\.dataType)) == Set(SafetensorsDataType.allCases))
        #expect(try file.entry("weight").shape == [2, 3])
        #expect(try file.entry("scalar").shape == [])
        #expect(try file.entry("empty").shape == [0, 4])
        #expect(file.entries.values.allSatisfy { $0.isAligned })

        #expect(try elements("weight", of: file) == [0, 0.25, 0.5, 0.75, 1, 1.25] as [Float])
        #expect(try elements("scalar", of: file) == [-7] as [Int64])
        #expect(try elements("é.w", of: file) == [0.1] as [Double])
        #expect(try elements("half", of: file) == [0x3FC0, 0xC000, 0x3E80] as [UInt16])
        #expect(try elements("i16", of: file) == [-3, 4] as [Int16])
        #expect(try elements("small", of: file) == [0x38, 0xB0] as [UInt8])
        #expect(try elements("mask", of: file) == [1, 0, 1] as [UInt8])
        #expect(try elements("empty", of: file) == [] as [UInt16])
    }

    private func elements<Element>(_ name: String, of file: SafetensorsFile) throws -> [Element] {
        try file.withBytes(of: name) { bytes in
            bytes.withMemoryRebound(to: Element.self, Array.init)
        }
    }

    @Test func acceptsWhatTheFormatAllows() throws {
        #expect(try open(header: "{}", dataByteCount: 0).names == [])
        #expect(try open(header: "{ }    ", dataByteCount: 0).names == [])
        #expect(try open(header: #"{"__metadata__":{}}"#, dataByteCount: 0).metadata == [:])
        let swapped = try open(
            header: #"{"b":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"},"#
                + #""a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#)
        #expect(swapped.names == ["a", "b"])
        #expect(try swapped.withBytes(of: "b") { Array($0) } == [4, 5, 6, 7])
        let scalar = try open(
            header: SafetensorsFixture.entry("s", shape: "[]", offsets: "[0,4]"), dataByteCount: 4)
        #expect(try scalar.entry("s").shape == [])
    }

    @Test func tellsUnalignedTensors() throws {
        let header =
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
            + #""b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#
        let padding = String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        let file = try open(header: header + padding, dataByteCount: 5)
        #expect(try file.entry("a").isAligned)
        #expect(try !file.entry("b").isAligned)
    }

    @Test func changesStayInMemory() throws {
        let content = SafetensorsFixture.file(
            header: SafetensorsFixture.entry("w"), dataByteCount: 8)
        let url = try folder.add("f.safetensors", content)
        let file = try SafetensorsFile(url)
        try file.withBytes(of: "w") { $0[0] = 200 }
        #expect(try file.withBytes(of: "w") { $0[0] } == 200)
        #expect(try Data(contentsOf: url) == Data(content))
    }

    @Test func namesThatAreNotThere() throws {
        let file = try open(header: SafetensorsFixture.entry("w"))
        let error = SafetensorsError.noTensor(file: file.path, tensor: "x")
        #expect(throws: error) { try file.entry("x") }
        #expect(throws: error) { try file.withBytes(of: "x") { _ in } }
        #expect(error.description == #"cannot read \#(file.path): there is no tensor "x""#)
    }

    @Test func filesThatCannotBeOpened() throws {
        #expect(throws: FileError.self) { try SafetensorsFile(folder.url) }
        let missing = folder.url.appendingPathComponent("none.safetensors")
        #expect(throws: FileError.notFound(operation: "read", path: missing.path)) {
            try SafetensorsFile(missing)
        }
    }

    @Test func messageNamesTheTensorSafely() {
        let error = SafetensorsError.invalidTensor(
            file: "f", tensor: "a\u{1B}[31m\n", expected: "x", found: "y")
        #expect(
            error.description == #"cannot read f: tensor "a\u001b[31m\n" must have x, found y"#)
        #expect(error.errorDescription == error.description)
    }
}
