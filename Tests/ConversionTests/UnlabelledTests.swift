import AdaptiveComputation
import Datasets
import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Conversion

/// Conversions on data without labels, by every kind of model.
@Suite struct UnlabelledTests {
    /// Samples of another dataset without their labels.
    private struct Unlabelled: Dataset {
        let base: any Dataset
        let hasLabels = false
        let classNames: [String]? = nil
        var count: Int { base.count }
        var lengths: [Int]? { base.lengths }

        func batch(_ indices: [Int]) throws -> Batch {
            Batch(inputs: try base.batch(indices).inputs, labels: nil)
        }
    }

    private struct RandomImages: Dataset {
        let shape: [Int]
        let count = 12
        let classNames: [String]? = nil
        let lengths: [Int]? = nil

        func batch(_ indices: [Int]) throws -> Batch {
            let images = try Tensor.empty([indices.count] + shape).fillUniformInPlace(-1..<1)
            return Batch(inputs: ModelInputs(["pixel_values": images]), labels: nil)
        }
    }

    private func dataset(_ name: String) throws -> any Dataset {
        switch name {
        case "bert", "bert_classifier": return RandomTokens(vocabulary: 101)
        case "whisper": return RandomSpectrograms()
        case "vit_classifier", "deit_classifier", "dinov2":
            let file = goldens.appendingPathComponent("\(name)/inputs.safetensors")
            let images = try #require(SafetensorsFile(file).tensors()["pixel_values"])
            return RandomImages(shape: Array(images.shape.dropFirst()))
        default: return RandomSpeech()
        }
    }

    private func converter(_ name: String, _ output: URL, weight: Double) throws -> Converter {
        var options = ConverterTests().options(2)
        options.finetuning.distillationWeight = weight
        return Converter(
            modelFolder: goldens.appendingPathComponent(name), output: output,
            dataset: Unlabelled(base: try dataset(name)), options: options,
            loading: LoadingOptions(workers: 0))
    }

    @Test(arguments: [
        "bert", "bert_classifier", "vit_classifier", "deit_classifier", "dinov2", "wav2vec2_ctc",
        "hubert_ctc", "wavlm_ctc", "whisper",
    ])
    func theDenseModelIsEnough(name: String) throws {
        let folder = try TemporaryFolder()
        let model = try converter(name, folder["run"], weight: 1).run()
        #expect(model.configuration?.phase == .finetuned && model.calibration != nil)
    }

    /// Told before phase I, whose time would be lost.
    @Test(arguments: ["bert_classifier", "wav2vec2_ctc", "whisper"])
    func labelsThatAreMissedAreToldAtTheStart(name: String) throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: ConversionError.self) {
            try converter(name, folder["run"], weight: 0.5).run()
        }
        #expect(error?.localizedDescription.contains("has no labels") == true)
        #expect(!FileManager.default.fileExists(atPath: folder["run"].path))
    }
}
