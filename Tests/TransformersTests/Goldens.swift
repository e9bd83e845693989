import Foundation
import Testing
import Torch

@testable import Transformers

/// `Tests/Goldens`, found from where this file was compiled.
enum Goldens {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Goldens")

    static let bert = ["bert", "bert_no_pooler", "bert_classifier", "bert_relu"]
    static let vision = [
        "vit", "vit_classifier", "vit_no_qkv_bias", "vit_tanh_gelu", "deit", "deit_classifier",
        "deit_distilled",
    ]
    static let dinov2 = [
        "dinov2", "dinov2_larger", "dinov2_wide", "dinov2_swiglu", "dinov2_registers",
        "dinov2_registers_classifier",
    ]
    /// Models of images of one size whose inputs have another.
    static let interpolated = ["vit_other_size", "deit_other_size"]
    static let speech = [
        "wav2vec2", "wav2vec2_stable", "wav2vec2_old_names", "wav2vec2_masked", "wav2vec2_ctc", "hubert",
        "hubert_ctc", "wavlm", "wavlm_ctc", "whisper", "whisper_english", "whisper_model",
    ]
    static let all = bert + vision + dinov2 + interpolated + speech

    static func model(_ name: String, type: DataType = .float32) throws -> any TransformerModel {
        try ModelFolder.load(folder.appendingPathComponent(name), type: type)
    }

    static func tensors(_ name: String, _ file: String) throws -> [String: Tensor] {
        let url = folder.appendingPathComponent(name).appendingPathComponent("\(file).safetensors")
        return try SafetensorsFile(url).tensors()
    }

    static func configuration(
        _ name: String, changing changes: [String: JSONValue?] = [:]
    ) throws -> JSONValue {
        let file = folder.appendingPathComponent(name).appendingPathComponent("config.json")
        let json = try JSONValue(contentsOf: file)
        guard case .object(var object) = json else { return json }
        for (key, value) in changes { object[key] = value }
        return .object(object)
    }

    /// A copy of a golden's configuration and weights with some of either replaced.
    static func copy(
        _ name: String, configuration changes: [String: JSONValue?] = [:],
        _ change: (inout [String: Tensor]) throws -> Void = { _ in }
    ) throws -> TemporaryFolder {
        let copy = try TemporaryFolder()
        var tensors = try tensors(name, "model")
        try change(&tensors)
        try SafetensorsWriter.write(
            tensors.map { ($0.key, $0.value) }, to: copy.url.appendingPathComponent("model.safetensors"))
        try configuration(name, changing: changes)
            .write(to: copy.url.appendingPathComponent("config.json"))
        return copy
    }
}

/// An empty folder that is removed with this object.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

extension TransformerModel {
    /// All outputs by name, with the states after the embeddings and after each block.
    func allOutputs(
        _ inputs: [String: Tensor], interpolatesPositions: Bool = false, joinsNorms: Bool = false
    ) throws -> [String: Tensor] {
        let pass = ForwardPass(keepsHiddenStates: true)
        pass.joinsNormsAnywhere = joinsNorms
        pass.interpolatesPositions = interpolatesPositions
        let outputs = try withoutGradients { try self(ModelInputs(inputs), pass) }
        var all = Dictionary(uniqueKeysWithValues: outputs.tensors.map { ($0.name, $0.tensor) })
        for (name, state) in namedHiddenStates(pass) { all[name] = state }
        return all
    }

    func run(_ inputs: [String: Tensor]) throws -> ModelOutputs {
        try withoutGradients { try self(ModelInputs(inputs), ForwardPass()) }
    }
}

/// The largest difference, as a part of the largest wanted magnitude.
func largestError(_ found: Tensor, _ wanted: Tensor) throws -> Double {
    try (found - wanted).absolute().maximum().item(Double.self)
        / wanted.absolute().maximum().item(Double.self)
}

/// The length of the difference, as a part of the wanted length.
func meanError(_ found: Tensor, _ wanted: Tensor) throws -> Double {
    try (found.to(nil, .float32) - wanted.to(nil, .float32)).norm().item(Double.self)
        / wanted.to(nil, .float32).norm().item(Double.self)
}
