import Testing
import Torch

@testable import Transformers

@Suite struct DINOv2ModelTests {
    func model(_ name: String = "dinov2", changing changes: [String: JSONValue?]) throws
        -> any TransformerModel
    {
        try ModelFolder.makeModel(
            configuration: Goldens.configuration(name, changing: changes), source: "config.json",
            hasTensor: { _ in false })
    }

    func dinov2(_ name: String) throws -> DINOv2Model {
        let model = try Goldens.model(name)
        return try #require(model as? DINOv2Model)
    }

    @Test(
        arguments: [
            ([1, 3, 3, 16], "at least one patch of 4 × 4 pixels, found float32 [1, 3, 3, 16]"),
            ([1, 3, 16, 0], "at least one patch of 4 × 4 pixels"),
            ([1, 4, 16, 16], "with 3 channels, found float32 [1, 4, 16, 16]"),
            ([3, 16, 16], "with 3 channels, found float32 [3, 16, 16]"),
        ])
    func imagesThatDoNotFitAreRefused(shape: [Int], part: String) throws {
        let model = try Goldens.model("dinov2")
        let error = #expect(throws: ModelError.self) { try model.run(["pixel_values": .zeros(shape)]) }
        let text = error?.localizedDescription ?? ""
        #expect(text.contains(part) && text.contains("\(shape)") && text.hasSuffix("]."), "\(text)")
    }

    @Test func integersAreRefused() throws {
        let error = #expect(throws: ModelError.self) {
            try Goldens.model("dinov2").run(["pixel_values": .zeros([1, 3, 16, 16], .uint8)])
        }
        #expect(error?.localizedDescription.contains("floating-point") == true)
    }

    @Test func tablesOfOtherSizesAreRefused() throws {
        let copy = try Goldens.copy("dinov2", configuration: ["image_size": 20]) { tensors in
            tensors["encoder.layer.1.layer_scale2.lambda1"] = nil
        }
        let error = #expect(throws: ModelError.self) { try ModelFolder.load(copy.url) }
        guard case .mismatch(_, let problems) = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
        #expect(
            problems.sorted() == [
                "embeddings.position_embeddings must have shape [1, 26, 36], found [1, 17, 36]",
                "encoder.layer.1.layer_scale2.lambda1 is missing",
            ])
    }

    /// Registers stand between the class and the patches, and count as tokens.
    @Test func dimensionsOfASmallModel() throws {
        let changes: [String: JSONValue?] = [
            "image_size": [28, 42], "patch_size": 14, "num_channels": 3, "hidden_size": 48,
        ]
        let found = try model("dinov2_registers_classifier", changing: changes).dimensions
        let wanted = ModelDimensions(
            blockCount: 2, width: 48, headCount: 3, tokenCount: 1 + 2 + 6,
            embeddingCost: -3 * 14 * 14 * 3 * 48, embeddingCostPerToken: 14 * 14 * 3 * 48,
            headCost: 2 * 48 * 5)
        #expect(found == wanted)
        #expect(try Goldens.model("dinov2").dimensions.tokenCount == 17)
    }

    /// The feed-forward of ViT-g/14: 1,536 channels and 4,096 neurons.
    @Test(arguments: [(1536, 4.0, 4096), (36, 2.0, 48), (384, 2.5, 640)])
    func widthsOfSwiGLU(width: Int, ratio: Double, hiddenWidth: Int) throws {
        let reader = try JSONObjectReader(
            Goldens.configuration(
                "dinov2_swiglu",
                changing: [
                    "hidden_size": .integer(width), "mlp_ratio": .number(ratio), "hidden_act": "none",
                ]), source: "config.json")
        let sizes = try DINOv2Configuration(reader, hasRegisters: false)
        #expect(sizes.hiddenWidth == hiddenWidth && sizes.feedForward == .swiGLU)
    }

    /// Pixels beyond the last whole patch change nothing.
    @Test func patchesMayLeaveABorder() throws {
        let model = try Goldens.model("dinov2")
        let pixels = try #require(Goldens.tensors("dinov2", "inputs")["pixel_values"])
        let bordered = try pixels.paddedLast(before: 0, after: 3, value: 9)
        let name = "last_hidden_state"
        let wanted = try model.run(["pixel_values": pixels]).required(name)
        #expect(try largestError(model.run(["pixel_values": bordered]).required(name), wanted) < 1e-6)
    }

    @Test func classifiersTakeTheClassTokenAndTheMeanOfThePatches() throws {
        let dinov2 = try dinov2("dinov2_registers_classifier")
        let inputs = try Goldens.tensors("dinov2_registers_classifier", "inputs")
        let pass = ForwardPass(keepsHiddenStates: true)
        let logits = try dinov2(ModelInputs(inputs), pass).required("logits")
        let last = try #require(pass.hiddenStates.last)
        let states = try dinov2.norm(last)
        // A class token, two registers, 2 × 6 patches.
        #expect(states.shape == [2, 15, 36])
        let features = try Tensor.concatenated(
            [states.select(0, axis: 1), states.slice(3..<15, axis: 1).mean(axis: 1)], axis: -1)
        let classifier = try #require(dinov2.classifier)
        #expect(try largestError(logits, classifier(features)) < 1e-6)
    }

    /// Positions of other sizes pass their gradients on to the table.
    @Test func positionsTrainAtOtherSizes() throws {
        let model = try dinov2("dinov2_larger")
        try model.setRequiresGradient(true)
        try model(ModelInputs(Goldens.tensors("dinov2_larger", "inputs")), ForwardPass())
            .required("pooler_output").square().sum().backward()
        let gradient = try model.embeddings.positions.gradient
        let found = try #require(gradient)
        #expect(found.shape == [1, 17, 36])
        #expect(try found.absolute().sum(axis: -1).minimum().item(Double.self) > 0)
    }
}
