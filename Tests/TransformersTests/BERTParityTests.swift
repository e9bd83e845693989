import Foundation
import Testing
import Torch

@testable import Transformers

let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Goldens")

/// Against the outputs of transformers on the same tiny random checkpoints.
@Suite struct BERTParityTests {
    static let names = ["bert", "bert_no_pooler", "bert_classifier", "bert_relu"]

    func outputs(_ name: String, type: DataType) throws -> [String: Tensor] {
        let folder = goldens.appendingPathComponent(name)
        let model = try ModelFolder.load(folder, type: type)
        let inputs = try SafetensorsFile(folder.appendingPathComponent("inputs.safetensors")).tensors()
        let pass = ForwardPass(keepsHiddenStates: true)
        let outputs = try withoutGradients { try model(ModelInputs(inputs), pass) }
        var all = Dictionary(uniqueKeysWithValues: outputs.tensors.map { ($0.name, $0.tensor) })
        for (index, state) in pass.hiddenStates.enumerated() { all["hidden_states.\(index)"] = state }
        return all
    }

    @Test(arguments: names) func fullPrecision(name: String) throws {
        let found = try outputs(name, type: .float32)
        let file = goldens.appendingPathComponent("\(name)/outputs.safetensors")
        for (output, wanted) in try SafetensorsFile(file).tensors() {
            let value = try #require(found[output], "\(output) is missing")
            let error = try (value - wanted).absolute().maximum().item(Double.self)
            #expect(try error / wanted.absolute().maximum().item(Double.self) < 1e-4, "\(output)")
        }
    }

    @Test(arguments: names) func halfPrecision(name: String) throws {
        let found = try outputs(name, type: .bfloat16)
        let file = goldens.appendingPathComponent("\(name)/outputs.bf16.safetensors")
        for (output, wanted) in try SafetensorsFile(file).tensors() {
            guard let value = found[output] else { continue }
            let error = try (value.to(nil, .float32) - wanted).norm().item(Double.self)
            #expect(try error / wanted.norm().item(Double.self) < 1e-2, "\(output)")
        }
    }

    @Test func savedNamesAreTheCheckpoints() throws {
        for name in Self.names {
            let folder = goldens.appendingPathComponent(name)
            let model = try ModelFolder.load(folder)
            let names = try model.checkpointParameters().map(\.name)
            #expect(try Set(names) == Set(SafetensorsCheckpoint(folder).names))
            for (path, checkpointName) in zip(model.namedParameters().map(\.name), names) {
                #expect(model.nameTable.path(of: checkpointName) == path)
            }
        }
    }

    @Test func badInputsAreRefused() throws {
        let model = try ModelFolder.load(goldens.appendingPathComponent("bert"))
        func run(_ inputs: [String: Tensor]) throws { _ = try model(ModelInputs(inputs), ForwardPass()) }
        #expect(throws: ModelError.self) { try run([:]) }
        #expect(throws: ModelError.self) { try run(["input_ids": .zeros([2, 3])]) }
        #expect(throws: ModelError.self) { try run(["input_ids": .full([1, 2], 1e6, .int64)]) }
        #expect(throws: ModelError.self) { try run(["input_ids": .full([1, 2], -1, .int64)]) }
        #expect(throws: ModelError.self) { try run(["input_ids": .zeros([1, 10_000], .int64)]) }
        #expect(throws: ModelError.self) {
            try run(["input_ids": .zeros([1, 2], .int64), "attention_mask": .ones([1, 3], .int64)])
        }
    }
}

@Suite struct ModelFolderTests {
    func configuration(_ changes: [String: JSONValue?]) throws -> JSONValue {
        let json = try JSONValue(contentsOf: goldens.appendingPathComponent("bert/config.json"))
        guard case .object(var object) = json else { return json }
        for (key, value) in changes { object[key] = value }
        return .object(object)
    }

    @Test(
        arguments: [
            ["architectures": ["GPT2Model"]], ["hidden_act": "mish"], ["hidden_size": 0],
            ["hidden_size": "x"],
            ["num_attention_heads": 5], ["vocab_size": nil], ["position_embedding_type": "relative_key"],
            ["is_decoder": true],
        ] as [[String: JSONValue?]])
    func wrongConfigurationIsRefused(changes: [String: JSONValue?]) throws {
        let changed = try configuration(changes)
        #expect(throws: (any Error).self) {
            try ModelFolder.makeModel(configuration: changed, source: "config.json", hasTensor: { _ in true })
        }
    }

    @Test func allMismatchesAreListed() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = goldens.appendingPathComponent("bert")
        try FileManager.default.copyItem(
            at: source.appendingPathComponent("config.json"), to: folder.appendingPathComponent("config.json")
        )
        var tensors = try SafetensorsFile(source.appendingPathComponent("model.safetensors")).tensors()
        tensors["pooler.dense.bias"] = nil
        tensors["embeddings.LayerNorm.bias"] = try .zeros([1])
        tensors["embeddings.LayerNorm.weight"] = try tensors["embeddings.LayerNorm.weight"]?.to(nil, .int32)
        tensors["surplus"] = try .zeros([1])
        try SafetensorsWriter.write(
            tensors.map { ($0.key, $0.value) }, to: folder.appendingPathComponent("model.safetensors"))
        let error = #expect(throws: ModelError.self) { try ModelFolder.load(folder) }
        let text = error?.localizedDescription ?? ""
        for part in [
            "pooler.dense.bias is missing", "embeddings.LayerNorm.bias must have shape",
            "embeddings.LayerNorm.weight must be floating-point", "surplus is not used",
        ] { #expect(text.contains(part), "\(text)") }
    }
}
