import Foundation
import Testing

@testable import Preprocessing

/// `preprocessor_config.json`: what its values become, and what is refused.
@Suite struct ImageProcessorConfigurationTests {
    private func read(_ text: String, model: String? = nil) throws -> ImageProcessorConfiguration {
        let folder = try TemporaryFolder(["preprocessor_config.json": text])
        if let model { try folder.write(Array("{\"model_type\": \"\(model)\"}".utf8), to: "config.json") }
        return try ImageProcessorConfiguration(folder: folder.url)
    }

    @Test func absentKeysTakeTheProcessorsValues() throws {
        let square = ImageProcessorConfiguration.Size(height: 224, width: 224)
        let vit = try read(#"{"image_processor_type": "ViTImageProcessor"}"#)
        #expect(vit == ImageProcessorConfiguration(resizing: .exact(square)))
        #expect(vit.outputSize == square)
        let deit = try read(#"{"feature_extractor_type": "DeiTFeatureExtractor"}"#)
        #expect(deit.resizing == .exact(.init(height: 256, width: 256)))
        #expect(deit.interpolation == .bicubic && deit.cropSize == square && deit.mean == [0.5, 0.5, 0.5])
        let bit = try read(#"{"image_processor_type": "BitImageProcessorFast"}"#)
        #expect(bit.resizing == .shortestSide(224) && bit.interpolation == .bicubic && bit.cropSize == square)
        #expect(bit.mean == [0.48145466, 0.4578275, 0.40821073])
    }

    /// The first ViT folders do not say what they are.
    @Test func theModelNamesTheProcessorWhereTheFileDoesNot() throws {
        let text = #"{"do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5], "size": 384}"#
        let side = ImageProcessorConfiguration.Size(height: 384, width: 384)
        #expect(try read(text, model: "vit").resizing == .exact(side))
        #expect(try read(text, model: "deit").resizing == .exact(side))
        #expect(try read(text, model: "dinov2").resizing == .shortestSide(384))
        #expect(try message { _ = try read(text, model: "bert") }.contains("\"bert\""))
        #expect(try message { _ = try read(text) }.contains("image_processor_type"))
    }

    @Test func sizesComeInSeveralForms() throws {
        func resizing(_ size: String, _ kind: String = "ViT") throws -> ImageProcessorConfiguration.Resizing?
        {
            try read("{\"image_processor_type\": \"\(kind)ImageProcessor\", \"size\": \(size)}").resizing
        }
        #expect(try resizing("[20, 30]") == .exact(.init(height: 20, width: 30)))
        #expect(try resizing(#"{"height": 20, "width": 30}"#) == .exact(.init(height: 20, width: 30)))
        #expect(try resizing(#"{"shortest_edge": 20}"#) == .shortestSide(20))
        #expect(try resizing(#"{"shortest_edge": 20, "longest_edge": null}"#) == .shortestSide(20))
        #expect(try resizing("20", "Bit") == .shortestSide(20))
        for broken in [
            "0", "-3", "1.5", "\"a\"", "[1]", "[1, 2, 3]", "{}", #"{"height": 20}"#, #"{"longest_edge": 9}"#,
            #"{"shortest_edge": 20, "longest_edge": 30}"#, "100000",
        ] {
            #expect(try message { _ = try resizing(broken) }.contains("size"), "\(broken)")
        }
    }

    @Test func switchesSwitchOff() throws {
        let all = ["do_resize", "do_center_crop", "do_rescale", "do_normalize"]
        let text = all.map { "\"\($0)\": false" }.joined(separator: ", ")
        let off = try read("{\"image_processor_type\": \"DeiTImageProcessor\", \(text), \"do_pad\": null}")
        #expect(off.resizing == nil && off.cropSize == nil && off.rescaleFactor == nil && !off.normalizes)
        #expect(off.outputSize == nil)
        let on = try read(
            #"{"image_processor_type": "ViTImageProcessor", "do_center_crop": true, "crop_size": 20}"#)
        #expect(on.cropSize == .init(height: 20, width: 20))
    }

    @Test func theLongerSideIsRoundedDown() {
        let configuration = ImageProcessorConfiguration(resizing: .shortestSide(256))
        #expect(configuration.resizedSize(height: 375, width: 500) == .init(height: 256, width: 341))
        #expect(configuration.resizedSize(height: 500, width: 375) == .init(height: 341, width: 256))
        #expect(configuration.resizedSize(height: 7, width: 7) == .init(height: 256, width: 256))
    }

    @Test(arguments: [
        (#""image_processor_type": "CLIPImageProcessor""#, "CLIPImageProcessor"),
        (#""image_processor_type": 3"#, "a string"),
        (#""resample": 0"#, "bicubic"), (#""resample": 9"#, "resample"),
        (#""resample": "bicubic""#, "integer"),
        (#""image_mean": [1, 2]"#, "3 numbers"), (#""image_mean": "a""#, "a number"),
        (#""image_std": [0.5, 0, 0.5]"#, "positive"), (#""do_resize": 1"#, "a boolean"),
        (#""do_center_crop": true"#, "crop_size"), (#""rescale_factor": "x""#, "a number"),
        (#""do_reduce_labels": true"#, "do_reduce_labels"), (#""crop_pct": 0.875"#, "crop_pct"),
    ])
    func whatIsNotDoneIsRefused(entry: String, named: String) throws {
        let type = entry.contains("_type") ? "" : #""image_processor_type": "ViTImageProcessor", "#
        let text = try message { _ = try read("{\(type)\(entry)}") }
        #expect(text.contains(named) && text.contains("preprocessor_config.json"), "\(text)")
    }

    @Test(arguments: ["", "[]", "{", "null"]) func whatIsNoObjectIsRefused(text: String) throws {
        #expect(throws: PreprocessingError.self) { try read(text) }
    }

    @Test func aMissingFileIsNamed() throws {
        let folder = try TemporaryFolder()
        let text = try message { _ = try ImageProcessorConfiguration(folder: folder.url) }
        #expect(text.contains("preprocessor_config.json"))
    }
}
