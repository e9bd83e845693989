import Foundation
import Testing
import Torch

@testable import Transformers

/// Against what transformers computes with the same tiny random checkpoints.
@Suite struct ParityTests {
    static let names = Goldens.all
    static let reports = ProcessInfo.processInfo.environment["ACM_REPORT_PARITY"] != nil

    /// Pairs of found and wanted output, at real tokens only.
    func pairs(
        _ name: String, _ file: String, _ type: DataType
    ) throws -> [(output: String, found: Tensor, wanted: Tensor)] {
        let inputs = try Goldens.tensors(name, "inputs")
        let mask = try (inputs["attention_mask"] ?? inputs["decoder_attention_mask"])?.to(nil, .bool)
        let found = try outputs(Goldens.model(name, type: type), name, inputs)
        let wanted = try Goldens.tensors(name, file)
        #expect(Set(found.keys) == Set(wanted.keys))
        return try wanted.sorted { $0.key < $1.key }.map { output, wanted in
            let found = try #require(found[output])
            #expect(found.shape == wanted.shape, "\(name) \(output)")
            #expect(found.dataType == type)
            // Padded frames of speech have outputs like any others.
            guard let mask, mask.shape == Array(wanted.shape.prefix(2)) else {
                return (output, found, wanted)
            }
            return try (output, found.rows(where: mask), wanted.rows(where: mask))
        }
    }

    func outputs(
        _ model: any TransformerModel, _ name: String, _ inputs: [String: Tensor]
    ) throws -> [String: Tensor] {
        try model.allOutputs(inputs, interpolatesPositions: Goldens.interpolated.contains(name))
    }

    @Test(arguments: names) func fullPrecision(name: String) throws {
        for (output, found, wanted) in try pairs(name, "outputs", .float32) {
            let error = try largestError(found, wanted)
            #expect(error < 1e-4, "\(name) \(output)")
            if Self.reports { print("parity float32 \(name) \(output) \(error)") }
        }
    }

    @Test(arguments: names) func halfPrecision(name: String) throws {
        for (output, found, wanted) in try pairs(name, "outputs.bf16", .bfloat16) {
            let error = try meanError(found, wanted)
            #expect(error < 1e-2, "\(name) \(output)")
            if Self.reports { print("parity bfloat16 \(name) \(output) \(error)") }
        }
    }

    /// The comparison is not blind: other arithmetic and another weight show.
    @Test(arguments: names) func differencesShow(name: String) throws {
        let half = try pairs(name, "outputs", .bfloat16)
        #expect(try half.allSatisfy { try meanError($0.found, $0.wanted) > 1e-4 }, "\(name)")

        let model = try Goldens.model(name)
        let bias = try #require(model.namedParameters().first { $0.name == "blocks.0.feedForward.down.bias" })
        try bias.tensor.copyInPlace(from: bias.tensor * 1.01)
        let found = try outputs(model, name, Goldens.tensors(name, "inputs"))
        let wanted = try Goldens.tensors(name, "outputs")
        let prefix = wanted["hidden_states.0"] == nil ? "encoder_" : ""
        let (first, second) = ("\(prefix)hidden_states.0", "\(prefix)hidden_states.1")
        #expect(try largestError(#require(found[first]), #require(wanted[first])) < 1e-4)
        #expect(try largestError(#require(found[second]), #require(wanted[second])) > 1e-4)
    }

    /// A sample's outputs do not depend on the samples beside it.
    @Test(
        arguments: [
            "bert", "bert_relu", "vit", "deit_distilled", "dinov2_wide", "wav2vec2", "wav2vec2_ctc", "wavlm",
            "whisper",
        ])
    func samplesAreIndependent(name: String) throws {
        let model = try Goldens.model(name)
        let inputs = try Goldens.tensors(name, "inputs")
        let together = try model.allOutputs(inputs)
        let alone = try model.allOutputs(inputs.mapValues { try $0.slice(1..<2, axis: 0) })
        for (output, found) in alone {
            let wanted = try #require(together[output]).slice(1..<2, axis: 0)
            #expect(try largestError(found, wanted) < 1e-5, "\(name) \(output)")
        }
    }
}
