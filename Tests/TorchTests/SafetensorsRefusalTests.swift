import Foundation
import TestSupport
import Testing

@testable import Torch

/// Every way in which a safetensors file can break the format.
@Suite struct SafetensorsRefusalTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func refuse(_ file: BrokenSafetensors) throws {
        let url = try folder.add("model.safetensors", file.bytes)
        let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(url) }
        #expect(error.description.contains(file.message), "\(error)")
        #expect(error.description.hasPrefix("cannot read \(url.path): "))
        #expect(error.localizedDescription == error.description)
    }

    @Test(arguments: [
        BrokenSafetensors("empty", [], "a file of 0 bytes"),
        BrokenSafetensors("no length", [1, 0, 0, 0, 0, 0, 0], "a file of 7 bytes"),
        BrokenSafetensors(
            "length behind the end", [3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], "a length of 3"),
        BrokenSafetensors(
            "length over the limit", [1, 0xE1, 0xF5, 5, 0, 0, 0, 0, 0x7B, 0x7D],
            "at most 100000000 bytes long, found a length of 100000001"),
        BrokenSafetensors(
            "greatest length", [UInt8](repeating: 255, count: 10),
            "a length of 18446744073709551615"),
        BrokenSafetensors(
            "Git LFS pointer", Array("version https://git-lfs.github.com/spec/v1\n".utf8),
            "git lfs pull"),
        BrokenSafetensors("header of no bytes", header: "", "starts with '{'"),
        BrokenSafetensors("header that is a list", header: "[]", "starts with '{'"),
        BrokenSafetensors("header after a space", header: " {}", "starts with '{'"),
        BrokenSafetensors("header cut short", header: "{\"a\":", "the end in place of a value"),
        BrokenSafetensors("more behind the header", header: "{}x", "'x' in place of the end"),
        BrokenSafetensors("data without tensors", header: "{}", data: 1, "0 bytes of its tensors"),
        BrokenSafetensors(
            "name twice", header: #"{"a":1,"a":1}"#, "each key once at line 1, column 8"),
        BrokenSafetensors(
            "metadata no object", header: #"{"__metadata__":[]}"#, "maps texts to texts"),
        BrokenSafetensors(
            "metadata no text", header: #"{"__metadata__":{"a":1}}"#, #"found "a": 1"#),
        BrokenSafetensors(
            "metadata null", header: #"{"__metadata__":null}"#, "maps texts to texts, found null"),
        BrokenSafetensors(
            "metadata twice", header: #"{"__metadata__":{},"__metadata__":{}}"#, "a second time"),
        BrokenSafetensors(
            "name twice, once escaped", header: #"{"w":1,"w":1}"#, #""w" a second time"#),
    ])
    func header(file: BrokenSafetensors) throws {
        try refuse(file)
    }

    @Test func headerThatIsNotUTF8() throws {
        var bytes = SafetensorsFixture.file(header: #"{"é":1}"#)
        bytes[11] = 0xFF
        try refuse(BrokenSafetensors("", bytes, "invalid bytes in place of UTF-8"))
    }

    @Test(arguments: [
        BrokenSafetensors(
            "no object", header: #"{"a":[]}"#, "an object with dtype, shape, data_offsets"),
        BrokenSafetensors(
            "no dtype", header: #"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, data: 8,
            "a dtype, found none"),
        BrokenSafetensors(
            "no shape", header: #"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, data: 8,
            "a shape, found none"),
        BrokenSafetensors(
            "no offsets", header: #"{"a":{"dtype":"F32","shape":[2]}}"#, data: 8,
            "data_offsets, found none"),
        BrokenSafetensors(
            "one key more",
            header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#, data: 8,
            #"only dtype, shape, data_offsets, found "x""#),
        BrokenSafetensors("dtype unknown", dataType: "F31", #"found "F31""#),
        BrokenSafetensors("dtype in lower case", dataType: "f32", #"found "f32""#),
        BrokenSafetensors("shape no list", shape: "2", "non-negative integers, found 2"),
        BrokenSafetensors("negative length", shape: "[-2]", "integers, found [-2]"),
        BrokenSafetensors("length with a fraction", shape: "[2.0]", "integers, found [2.0]"),
        BrokenSafetensors("length a text", shape: #"["2"]"#, #"found ["2"]"#),
        BrokenSafetensors(
            "length beyond 64 bits", shape: "[18446744073709551618]", "range of 64 bits"),
        BrokenSafetensors(
            "product beyond 64 bits", shape: "[4294967296,4294967296]", "below 2^63 bytes"),
        BrokenSafetensors(
            "bytes beyond 64 bits", shape: "[4611686018427387904]", "below 2^63 bytes"),
        BrokenSafetensors(
            "product that wraps to the size", shape: "[4611686018427387906]", "below 2^63 bytes"),
        BrokenSafetensors("one offset", offsets: "[0]", "two non-negative integers"),
        BrokenSafetensors("three offsets", offsets: "[0,8,8]", "two non-negative integers"),
        BrokenSafetensors("offsets no list", offsets: "8", "two non-negative integers"),
        BrokenSafetensors("negative offset", offsets: "[-8,0]", "two non-negative integers"),
        BrokenSafetensors("offset with a fraction", offsets: "[0,8.0]", "two non-negative"),
        BrokenSafetensors("end before begin", offsets: "[8,0]", "begin and end, found [8, 0]"),
        BrokenSafetensors(
            "greatest offset", shape: "[0]", offsets: "[9223372036854775807,9223372036854775807]",
            "within the file"),
        BrokenSafetensors("bytes other than the shape", shape: "[3]", "12 bytes (F32 [3])"),
        BrokenSafetensors("bytes other than the dtype", dataType: "F64", "16 bytes (F64 [2])"),
    ])
    func entry(file: BrokenSafetensors) throws {
        try refuse(file)
    }

    @Test(arguments: [
        BrokenSafetensors("data cut short", data: 7, "8 bytes of its tensors, found 7 bytes"),
        BrokenSafetensors("data goes on", data: 9, "8 bytes of its tensors, found 9 bytes"),
        BrokenSafetensors("gap at the start", offsets: "[1,9]", data: 9, "found a gap: offset 1"),
        BrokenSafetensors(
            "gap in the middle", first: "[0,2]", second: "[3,5]", data: 5,
            #"tensor "b" must have data from offset 2"#),
        BrokenSafetensors(
            "overlap", first: "[0,2]", second: "[1,3]", data: 3, "found an overlap: offset 1"),
        BrokenSafetensors(
            "the same bytes twice", first: "[0,2]", second: "[0,2]", data: 2,
            "found an overlap: offset 0"),
        BrokenSafetensors(
            "empty tensor within another", first: "[0,2]", second: "[1,1]", secondShape: "[0]",
            data: 2, "found an overlap: offset 1"),
        BrokenSafetensors(
            "empty tensor behind the end", first: "[0,2]", second: "[9,9]", secondShape: "[0]",
            data: 2, "found a gap: offset 9"),
    ])
    func coverage(file: BrokenSafetensors) throws {
        try refuse(file)
    }

    /// As Swift strings the two names are equal, so no dictionary could hold both.
    @Test func namesThatAreOnlyCanonicallyEquivalent() throws {
        let header =
            "{\"\u{F900}\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
            + "\"\u{8C48}\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"
        try refuse(BrokenSafetensors("", header: header, "Unicode normalisation"))
    }

    @Test func everyTruncation() throws {
        let whole = SafetensorsFixture.python
        for count in 0..<whole.count {
            let url = try folder.add("model.safetensors", whole.prefix(count))
            #expect(throws: SafetensorsError.self) { try SafetensorsFile(url) }
        }
    }
}
