import Foundation
import TestSupport
import Testing
import Torch

/// Models that are missing (66) or broken (65).
@Suite struct RefusedModelTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func missingFolders() throws {
        try acm("inspect", "none", in: folder).refuses(66, "none/config.json", "No such file")
        try folder.addModel("bert")
        try FileManager.default.removeItem(at: folder["model/config.json"])
        try acm("inspect", "model", in: folder).refuses(66, "model/config.json")
    }

    @Test func missingAndPickledWeights() throws {
        try folder.addModel("bert")
        try FileManager.default.removeItem(at: folder["model/model.safetensors"])
        try acm("inspect", "model", in: folder).refuses(66, "model", "model.safetensors", "found neither")
        try folder.add("model/pytorch_model.bin", Data("PK".utf8))
        try acm("inspect", "model", in: folder).refuses(
            66, "pytorch_model.bin", "save_pretrained(..., safe_serialization=True)")
    }

    func weights(_ header: String, dataByteCount: Int) -> Data {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
            + Data(count: dataByteCount)
    }

    @Test func weightsThatAreNoSafetensors() throws {
        try folder.addModel("bert")
        let whole = try Data(contentsOf: folder["model/model.safetensors"])
        let a = #""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#
        let b = #""b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}"#
        let c = #""c":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[8,16]}"#
        for (content, part) in [
            (whole.prefix(90_000), "followed by the 133968 bytes of its tensors, found"),
            (whole.prefix(1000), "found a length of"), (whole.prefix(3), "3 bytes"), (Data(), "0 bytes"),
            (weights("{\(a)}", dataByteCount: 4), "followed by the 8 bytes of its tensors, found 4"),
            (weights("{\(a),\(b)}", dataByteCount: 12), "\"b\" must have"),
            (weights("{\(a),\(c)}", dataByteCount: 16), "\"c\" must have"),
            (weights("{\(a)", dataByteCount: 8), "header must"),
        ] {
            try folder.add("model/model.safetensors", Data(content))
            try acm("inspect", "model", in: folder).refuses(65, "model/model.safetensors", part)
        }
    }

    @Test func allTensorsThatDoNotFitAreListed() throws {
        try folder.addModel("bert")
        var tensors = try Goldens.tensors("bert/model.safetensors")
        tensors["pooler.dense.bias"] = nil
        tensors["embeddings.LayerNorm.bias"] = try .zeros([7])
        tensors["encoder.layer.1.output.dense.bias"] = try .zeros([36], .int64)
        tensors["surplus.weight"] = try .zeros([1])
        try SafetensorsWriter.write(
            tensors.map { ($0.key, $0.value) }, to: folder["model/model.safetensors"])
        try acm(
            "run", "model", "--input", Goldens.path("bert/inputs.safetensors"), "--output", "o", in: folder
        )
        .refuses(
            65, "pooler.dense.bias is missing", "LayerNorm.bias must have shape [36], found [7]",
            "encoder.layer.1.output.dense.bias must be floating-point, found I64",
            "surplus.weight is not used")
    }

    /// Names in a file must not reach the terminal as more than text.
    @Test func errorsAreOneLineOfText() throws {
        try folder.addModel("bert", changing: ["model_type": "a\u{1B}[31m\nb\u{0}"])
        let ending = try acm("inspect", "model", in: folder)
        ending.refuses(65, "\"a\\u{1b}[31m b\\u{0}\" is not supported")
        #expect(ending.errors.filter { $0 == "\n" }.count == 1 && ending.errors.hasSuffix("\n"))
    }

    /// Logits and features that are no numbers are no result.
    @Test func weightsThatAreNotFinite() throws {
        let folder = try TemporaryFolder(textModel: "bert_classifier")
        var tensors = try folder.tensors("model/model.safetensors")
        let name = "bert.encoder.layer.0.output.dense.bias"
        tensors[name] = try .full([36], .nan)
        try SafetensorsWriter.write(tensors.map { ($0.key, $0.value) }, to: folder["model/model.safetensors"])
        for options in [["--no-timing", "--report", "out"], ["--features", "f.safetensors"]] {
            try Program(["evaluate", "model", "--data", "texts.tsv"] + options, in: folder).wait()
                .refuses(65, "has numbers that are not finite: look at its weights")
        }
        #expect(try folder.contents() == ["model", "texts.tsv"])
    }

    @Test(
        arguments: [
            (["architectures": ["GPT2Model"]], "architecture \"GPT2Model\" is not supported"),
            (["hidden_act": "mish"], "hidden_act \"mish\" is not supported"),
            (["hidden_size": 39], "must have shape"),
            (["hidden_size": "wide"], "\"hidden_size\" must be an integer"),
            (["num_hidden_layers": 9], "encoder.layer.3.attention.self.query.weight is missing"),
            (["acm": ["modules": 3]], "must be"),
        ] as [([String: JSONValue], String)])
    func wrongConfigurations(changes: [String: JSONValue], part: String) throws {
        try folder.addModel("bert", changing: changes)
        try acm("inspect", "model", in: folder).refuses(65, "model", part)
    }

    @Test func configurationsThatAreNoJSON() throws {
        try folder.addModel("bert")
        try folder.add("model/config.json", Data("{\n  \"a\": \n}".utf8))
        try acm("inspect", "model", in: folder).refuses(65, "model/config.json:3:1: expected a value")
    }
}
