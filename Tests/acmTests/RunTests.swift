import Foundation
import TestSupport
import Testing
import Torch

/// `acm run` against what transformers computes with the same tiny random checkpoints.
@Suite struct RunTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Runs a model with all its outputs, and compares them at real tokens.
    func check(
        _ name: String, _ file: String, _ options: [String], type: DataType, tolerance: Double
    ) throws {
        try Program(
            ["run", Goldens.path(name), "--input", Goldens.path("\(name)/inputs.safetensors")]
                + ["--output", "out.safetensors", "--hidden-states"] + options, in: folder
        ).wait().succeeds()
        let found = try folder.tensors("out.safetensors")
        let wanted = try Goldens.tensors("\(name)/\(file)")
        #expect(Set(found.keys) == Set(wanted.keys))
        let mask = try Goldens.tensors("\(name)/inputs.safetensors")["attention_mask"]?.to(nil, .bool)
        for (output, wanted) in wanted {
            var (found, wanted) = (try #require(found[output]), wanted)
            #expect(found.shape == wanted.shape && found.dataType == type, "\(name) \(output)")
            if let mask, wanted.rank == 3 {
                (found, wanted) = (try found.rows(where: mask), try wanted.rows(where: mask))
            }
            let difference = try (found.to(nil, .float64) - wanted.to(nil, .float64)).norm()
            let error = try difference.item(Double.self) / wanted.to(nil, .float64).norm().item(Double.self)
            #expect(error <= tolerance, "\(name) \(output)")
        }
    }

    @Test(arguments: ["bert", "bert_classifier", "vit", "deit_distilled", "dinov2_wide"])
    func fullPrecision(name: String) throws {
        try check(name, "outputs.safetensors", [], type: .float32, tolerance: 1e-4)
    }

    @Test(arguments: ["bert", "vit_classifier"]) func halfPrecision(name: String) throws {
        try check(
            name, "outputs.bf16.safetensors", ["--dtype", "bfloat16"], type: .bfloat16, tolerance: 1e-2)
    }

    @Test(arguments: ["bert", "vit_classifier"]) func productsOfBytes(name: String) throws {
        try check(name, "outputs.bf16.safetensors", ["--dtype", "int8"], type: .bfloat16, tolerance: 5e-2)
    }

    /// Other sizes than the model's own are taken where that is asked for.
    @Test func interpolatedPositions() throws {
        try check(
            "vit_other_size", "outputs.safetensors", ["--interpolate-positions"], type: .float32,
            tolerance: 1e-4)
        try acm(
            "run", Goldens.path("vit_other_size"), "--input",
            Goldens.path("vit_other_size/inputs.safetensors"), "--output", "refused", in: folder
        ).refuses(65, "[3, 24, 24] after the batch", "ask for interpolated positions")
        #expect(try folder.contents() == ["out.safetensors"])
    }

    /// One token, odd numbers of samples and tokens, the most tokens of no samples; all of 32 bits.
    @Test(arguments: [[1, 1], [5, 3], [0, 13]]) func oddSizes(shape: [Int]) throws {
        let ids = try Tensor((0..<shape[0] * shape[1]).map { $0 * 7 % 101 }, shape: shape)
        try SafetensorsWriter.write(
            [("input_ids", ids.to(nil, .int32))], to: folder["in.safetensors"])
        try acm(
            "run", Goldens.path("bert"), "--input", "in.safetensors", "--output", "out.safetensors",
            in: folder
        ).succeeds()
        let states = try #require(try folder.tensors("out.safetensors")["last_hidden_state"])
        #expect(states.shape == shape + [36])
        #expect(try states.isFinite().allTrue())
    }

    @Test func theTraceCountsLearners() throws {
        let model = try TemporaryFolder(textModel: "bert")
        try Program(
            ["distill", "model", "--data", "texts.tsv", "--output", "out"] + shortConversion(), in: model
        ).wait().succeeds()
        let input = Goldens.path("bert/inputs.safetensors")
        func counts(_ budget: String) throws -> [String: Tensor] {
            try acm(
                "run", "out", "--input", input, "--output", "out.safetensors", "--trace", "--budget", budget,
                in: model
            ).succeeds()
            return try model.tensors("out.safetensors").filter { $0.key.hasPrefix("trace.") }
        }
        let found = try counts("0.5")
        #expect(found.keys.sorted() == (0..<3).map { "trace.encoder.layer.\($0).feed_forward" })
        let shape = try #require(Goldens.tensors("bert/inputs.safetensors")["input_ids"]).shape
        for (name, tensor) in found {
            #expect(tensor.dataType == .int32 && tensor.shape == shape, "\(name)")
            #expect(try tensor.array(of: Int.self).allSatisfy { (0...4).contains($0) }, "\(name)")
        }
    }

    @Test func denseModelsHaveNoTrace() throws {
        try acm(
            "run", Goldens.path("bert"), "--input", Goldens.path("bert/inputs.safetensors"), "--output",
            "out",
            "--trace", in: folder
        ).succeeds()
        #expect(try Set(folder.tensors("out").keys) == ["last_hidden_state", "pooler_output"])
    }
}
