import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct SafetensorsCheckpointTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Adds a file whose tensors hold one byte each: 0, 1, 2, ….
    private func addShard(_ name: String, _ tensors: [String]) throws {
        let bytes = Array(UInt8(0)...255)
        try SafetensorsWriter.write(
            to: folder.url.appendingPathComponent(name),
            tensors: tensors.enumerated().map { index, tensor in
                SafetensorsTensor(name: tensor, dataType: .uint8, shape: [1]) { receive in
                    try bytes[index...index].withUnsafeBytes(receive)
                }
            }, metadata: ["file": name])
    }

    @discardableResult
    private func addIndex(_ text: String) throws -> URL {
        try folder.add("model.safetensors.index.json", Data(text.utf8))
    }

    /// Adds an index of two shards with the tensors a, b, and c.
    private func addShards() throws {
        try addShard("model-00001-of-00002.safetensors", ["a", "b"])
        try addShard("model-00002-of-00002.safetensors", ["c"])
        try addIndex(
            """
            {"metadata": {"total_size": 3}, "weight_map": {
              "c": "model-00002-of-00002.safetensors", "a": "model-00001-of-00002.safetensors",
              "b": "model-00001-of-00002.safetensors"}}
            """)
    }

    private func refusal(_ url: URL? = nil) throws -> SafetensorsError {
        try #require(throws: SafetensorsError.self) {
            try SafetensorsCheckpoint(url ?? folder.url)
        }
    }

    // MARK: Where the weights are

    @Test(arguments: ["", "model.safetensors"])
    func oneFile(path: String) throws {
        try addShard("model.safetensors", ["a", "b"])
        let checkpoint = try SafetensorsCheckpoint(folder.url.appendingPathComponent(path))
        #expect(checkpoint.names == ["a", "b"])
        #expect(checkpoint.metadata == ["file": "model.safetensors"])
        #expect(try checkpoint.withBytes(of: "b") { Array($0) } == [1])
    }

    @Test(arguments: ["", "model.safetensors.index.json"])
    func shards(path: String) throws {
        try addShards()
        let checkpoint = try SafetensorsCheckpoint(folder.url.appendingPathComponent(path))
        #expect(checkpoint.names == ["a", "b", "c"])
        #expect(checkpoint.files.count == 2)
        #expect(checkpoint.metadata == ["file": "model-00001-of-00002.safetensors"])
        #expect(checkpoint.find("c")?.file === checkpoint.files[1])
        #expect(checkpoint.find("c")?.entry.shape == [1])
        #expect(checkpoint.find("x") == nil)
        #expect(try checkpoint.withBytes(of: "b") { Array($0) } == [1])
        #expect(try checkpoint.withBytes(of: "c") { Array($0) } == [0])
        #expect(throws: SafetensorsError.self) { try checkpoint.withBytes(of: "x") { _ in } }
    }

    @Test func oneFileGoesBeforeAnIndex() throws {
        try addShards()
        try addShard("model.safetensors", ["whole"])
        #expect(try SafetensorsCheckpoint(folder.url).names == ["whole"])
    }

    /// The cache of Hugging Face keeps links in its folders.
    @Test func followsLinks() throws {
        try addShard("blob", ["a"])
        try FileManager.default.createSymbolicLink(
            atPath: folder.url.path + "/model.safetensors", withDestinationPath: "blob")
        #expect(try SafetensorsCheckpoint(folder.url).names == ["a"])
    }

    @Test(arguments: [
        "pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "weights.pth", "x.ckpt",
        "tf_model.h5", "flax_model.msgpack", "model.pkl",
    ])
    func pickledWeights(name: String) throws {
        try folder.add("config.json", Data("{}".utf8))
        let file = try folder.add(name, Data([0x80, 0x02]))
        for url in [folder.url, file] {
            let error = try refusal(url)
            #expect(error == .unsupportedFormat(path: file.path))
            #expect(error.description.contains("save_pretrained(..., safe_serialization=True)"))
        }
    }

    @Test func pickledWeightsBesideSafetensorsDoNotMatter() throws {
        try folder.add("pytorch_model.bin", Data())
        try addShard("model.safetensors", ["a"])
        #expect(try SafetensorsCheckpoint(folder.url).names == ["a"])
    }

    @Test func folderWithoutWeights() throws {
        #expect(try refusal() == .noWeights(path: folder.url.path, found: "neither"))
        try folder.add("training_args.bin", Data())
        #expect(try refusal() == .noWeights(path: folder.url.path, found: "neither"))
        try addShard("adapter.safetensors", ["a"])
        #expect(
            try refusal()
                == .noWeights(path: folder.url.path, found: #"only "adapter.safetensors""#))
    }

    @Test func otherPaths() throws {
        let text = try folder.add("config.json", Data("{}".utf8))
        #expect(try refusal(text) == .noWeights(path: text.path, found: "another file"))
        let missing = folder.url.appendingPathComponent("none")
        #expect(throws: FileError.notFound(operation: "read", path: missing.path)) {
            try SafetensorsCheckpoint(missing)
        }
    }

    // MARK: The index

    @Test(arguments: [
        "", "{", "[]", #"{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}"#,
    ])
    func indexThatIsNoObject(text: String) throws {
        try addIndex(text)
        #expect(throws: JSONError.self) { try SafetensorsCheckpoint(folder.url) }
    }

    @Test(arguments: [
        ("{}", "none"), (#"{"weight_map": []}"#, "[]"), (#"{"weight_map": null}"#, "null"),
        (#"{"weight_map": {}}"#, "an object"), (#"{"weights": {"a": "b"}}"#, "none"),
    ])
    func indexWithoutMap(text: String, found: String) throws {
        let index = try addIndex(text)
        #expect(
            try refusal()
                == .invalidIndex(
                    file: index.path, expected: #"a "weight_map" from tensors to files"#,
                    found: found))
    }

    @Test(arguments: [
        "../model.safetensors", "/etc/model.safetensors", "a/model.safetensors",
        #"..\\model.safetensors"#, "..", ".", "", ".safetensors", ".hidden.safetensors",
        #"model\u0000.safetensors"#, #"model\n.safetensors"#, "pytorch_model.bin", "shard",
        "model.safetensors/", "file:model.bin",
    ])
    func shardNamesThatAreNotPlain(name: String) throws {
        try addIndex(#"{"weight_map": {"a": "\#(name)"}}"#)
        guard case .invalidIndex(_, let expected, _) = try refusal() else {
            Issue.record("accepted in part: \(name)")
            return
        }
        #expect(expected == #"a plain .safetensors file name for "a""#)
    }

    @Test(arguments: ["1", "null", "[]", "{}", "true"])
    func shardNamesThatAreNoTexts(value: String) throws {
        try addIndex(#"{"weight_map": {"a": \#(value)}}"#)
        guard case .invalidIndex = try refusal() else {
            Issue.record("accepted in part: \(value)")
            return
        }
    }

    /// A name with a percent sign or a space is a name like others.
    @Test func shardNamesAreTakenAsTheyAre() throws {
        try addShard("a %2e%2e b.safetensors", ["a"])
        try addIndex(#"{"weight_map": {"a": "a %2e%2e b.safetensors"}}"#)
        #expect(try SafetensorsCheckpoint(folder.url).names == ["a"])
    }

    @Test func collectsAllContradictions() throws {
        try addShard("1.safetensors", ["a", "b", "extra"])
        try addShard("2.safetensors", ["c"])
        let index = try addIndex(
            """
            {"weight_map": {"a": "1.safetensors", "b": "2.safetensors", "c": "2.safetensors",
             "d": "2.safetensors", "e": "3.safetensors"}}
            """)
        let error = try refusal()
        #expect(
            error
                == .inconsistentShards(
                    file: index.path,
                    problems: [
                        #""b" in 1.safetensors, which the index denies"#,
                        #""extra" in 1.safetensors, which the index denies"#,
                        "no file 3.safetensors", #"no "b" in 2.safetensors"#,
                        #"no "d" in 2.safetensors"#,
                    ]))
        #expect(error.description.hasPrefix("cannot read \(index.path): the index and its shards"))
    }

    @Test func nameInTwoShards() throws {
        try addShard("1.safetensors", ["a", "b"])
        try addShard("2.safetensors", ["a", "c"])
        try addIndex(
            #"{"weight_map": {"a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"}}"#)
        guard case .inconsistentShards(_, let problems) = try refusal() else { return }
        #expect(problems == [#""a" in 2.safetensors, which the index denies"#])
    }

    @Test func longListsAreCut() {
        let error = SafetensorsError.inconsistentShards(
            file: "f", problems: (0..<25).map { "no file \($0)" })
        #expect(error.description.hasSuffix("no file 19; and 5 more"))
    }

    @Test func brokenShard() throws {
        try addShards()
        try folder.add("model-00002-of-00002.safetensors", Data([1, 2, 3]))
        guard case .invalidHeader(let file, _, _) = try refusal() else { return }
        #expect(file.hasSuffix("/model-00002-of-00002.safetensors"))
    }
}
