import Testing
import Torch

@testable import Transformers

@Suite struct ViTModelTests {
    @Test(arguments: [[1, 3, 24, 16], [1, 1, 24, 24], [3, 24, 24], [1, 3, 25, 24]])
    func otherSizesAreRefused(shape: [Int]) throws {
        let model = try Goldens.model("vit")
        let error = #expect(throws: ModelError.self) { try model.run(["pixel_values": .zeros(shape)]) }
        let text = error?.localizedDescription ?? ""
        #expect(text.contains("[3, 24, 24]") && text.contains("\(shape)"), "\(text)")
        let isSize = shape.count == 4 && shape[1] == 3
        #expect(text.contains("ask for interpolated positions") == isSize, "\(text)")
    }

    /// Asked for, other sizes are taken; what does not fit the model at all is still refused.
    @Test func otherSizesAreInterpolatedWhenAskedFor() throws {
        let model = try Goldens.model("vit")
        let pass = ForwardPass()
        pass.interpolatesPositions = true
        func states(_ shape: [Int]) throws -> Tensor {
            try model(ModelInputs(["pixel_values": .zeros(shape)]), pass).required("last_hidden_state")
        }
        #expect(try states([1, 3, 40, 17]).shape == [1, 11, 36])
        #expect(try largestError(states([1, 3, 25, 31]), states([1, 3, 24, 24])) == 0)
        for (shape, part) in [
            ([1, 3, 7, 24], "at least one patch of 8 × 8 pixels, found float32 [1, 3, 7, 24]"),
            ([1, 1, 24, 24], "with 3 channels, found float32 [1, 1, 24, 24]"),
        ] {
            let error = #expect(throws: ModelError.self) { try states(shape) }
            #expect(error?.localizedDescription.contains(part) == true, "\(String(describing: error))")
        }
    }

    @Test func integersAndMissingImagesAreRefused() throws {
        let model = try Goldens.model("vit")
        #expect(throws: ModelError.self) {
            try model.run(["pixel_values": .zeros([1, 3, 24, 24], .uint8)])
        }
        #expect(throws: ModelError.missingInput("pixel_values", found: [])) { try model.run([:]) }
    }

    @Test func imagesAreConvertedToTheModelsType() throws {
        let model = try Goldens.model("vit", type: .bfloat16)
        let states = try model.run(["pixel_values": .zeros([1, 3, 24, 24])])
            .required("last_hidden_state")
        #expect(states.dataType == .bfloat16 && states.shape == [1, 10, 36])
    }

    @Test func logitsAreTheMeanOfBothClassifiers() throws {
        let outputs = try Goldens.model("deit_distilled").run(Goldens.tensors("deit_distilled", "inputs"))
        #expect(outputs.tensors.map(\.name) == ["logits", "cls_logits", "distillation_logits"])
        let sum = try outputs.required("cls_logits") + outputs.required("distillation_logits")
        #expect(try largestError(outputs.required("logits"), sum / 2) < 1e-6)
    }

    @Test func dimensionsOfASmallViT() throws {
        let configuration = try Goldens.configuration(
            "vit_classifier",
            changing: [
                "image_size": 224, "patch_size": 16, "num_channels": 3, "num_hidden_layers": 1,
                "hidden_size": 48,
            ])
        let model = try ModelFolder.makeModel(
            configuration: configuration, source: "config.json", hasTensor: { _ in false })
        let wanted = ModelDimensions(
            blockCount: 1, width: 48, headCount: 3, tokenCount: 197,
            embeddingCost: 196 * 16 * 16 * 3 * 48, headCost: 48 * 7)
        #expect(model.dimensions == wanted)
    }

    @Test func tokensOfDistilledModels() throws {
        // 16 × 24 pixels are 2 × 3 patches; a class and a distillation token come before them.
        #expect(try Goldens.model("deit_distilled").dimensions.tokenCount == 8)
        #expect(try Goldens.model("vit").dimensions.tokenCount == 10)
    }

    @Test func patchesMayLeaveABorder() throws {
        let configuration = try Goldens.configuration("vit", changing: ["patch_size": [7, 5]])
        let model = try ModelFolder.makeModel(
            configuration: configuration, source: "config.json", hasTensor: { _ in false })
        for (_, tensor) in model.namedParameters() { try tensor.fillInPlace(0.5) }
        let states = try model.run(["pixel_values": .zeros([2, 3, 24, 24])])
        #expect(states.tensors.map(\.name) == ["last_hidden_state"])
        #expect(try states.required("last_hidden_state").shape == [2, 13, 36])
    }
}
