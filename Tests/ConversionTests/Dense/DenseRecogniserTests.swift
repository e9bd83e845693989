import AdaptiveComputation
import Datasets
import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch
import Transformers

@testable import Conversion

@Suite(.serialized) struct DenseRecogniserTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try TinySpeech.addData(to: folder["data"])
    }

    private func data(_ model: String = "model") throws -> any Dataset {
        try DatasetFolder.open(
            folder["data"], modelFolder: folder[model], split: "train", letters: .learnt)
    }

    private func options(steps: Int) -> DenseOptions {
        var options = DenseOptions()
        options.optimisation.batchSize = 8
        options.optimisation.steps = steps
        options.optimisation.learningRate = 3e-3
        return options
    }

    private func weights(_ network: any TransformerModel) throws -> [[Float]] {
        try network.namedParameters().map { try $0.tensor.array(of: Float.self) }
    }

    @Test(arguments: ["wav2vec2", "hubert", "wavlm"]) func fromNothing(family: String) throws {
        try TinySpeech.addModel(to: folder["model"], family: family)
        let start = try DenseStart(folder["model"])
        #expect(start.source == .new && start.task == .ctc)
        var losses: [Double] = []
        let result = try DenseTrainer(
            start, output: folder["out"], dataset: data(), options: options(steps: 60), reportSteps: 1
        ) { losses.append($0.values[0].value) }.run()
        let (first, last) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
        #expect(last < 0.6 * first, "\(losses)")
        #expect(result.values.map(\.name) == ["loss"])
        // The folder is an ordinary one: the same weights come back, and it is a start itself.
        #expect(try weights(ModelFolder.load(folder["out"])) == weights(result.network))
        #expect(try DenseStart(folder["out"]).source == .whole)
        let config = try JSONValue(contentsOf: folder["out/config.json"])
        #expect(config["vocab_size"]?.integerValue == 8 && config["pad_token_id"]?.integerValue == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder["out"].path)
        #expect(names.contains("vocab.json") && names.contains("preprocessor_config.json"))
    }

    /// Layers of a new model start as those of transformers do; see `Wav2Vec2Model.resetOwn(_:_:)`.
    @Test func newWeights() throws {
        try TinySpeech.addModel(to: folder["model"], masks: true)
        let network = try DenseStart(folder["model"]).load(seed: 1, device: .cpu)
        var spreads: [String: Double] = [:]
        for (name, tensor) in network.namedParameters() {
            spreads[name] = try tensor.square().mean().squareRoot().item(Double.self)
        }
        func spread(_ name: String) throws -> Double { try #require(spreads[name], "\(name)") }
        let within = 0.85...1.15
        #expect(within.contains(try spread("features.1.convolution.weight") / (2.0 / (16 * 8)).squareRoot()))
        #expect(within.contains(try spread("projection.weight") * (3.0 * 32).squareRoot()))
        #expect(within.contains(try spread("positions.convolution.direction") * (8.0 * 32).squareRoot() / 2))
        #expect(within.contains(try spread("blocks.1.feedForward.up.weight") / 0.02))
        #expect(try spread("blocks.0.attentionNorm.weight") == 1)
        #expect(try spread("head.bias") == 0)
        let mask = try #require(network.namedParameters().first { $0.name == "maskVector" }).tensor
        #expect(try mask.minimum().item(Double.self) >= 0)
        let model = try #require(network as? Wav2Vec2Model)
        let (weight, direction) = (
            try model.positions.convolution.weight(), model.positions.convolution.direction
        )
        #expect(try (weight - direction).absolute().maximum().item(Double.self) < 1e-6)
        #expect(try weights(network) == weights(DenseStart(folder["model"]).load(seed: 1, device: .cpu)))
        try TinySpeech.addModel(to: folder["plain"])
        let plain = try DenseStart(folder["plain"]).load(seed: 1, device: .cpu)
        #expect(!plain.namedParameters().contains { $0.name == "maskVector" })
    }

    /// Stopped and gone on with, with spans hidden at random, it ends with the same weights.
    @Test func aStoppedRunEndsWithTheSameWeights() throws {
        try TinySpeech.addModel(to: folder["model"], masks: true)
        func trainer(_ output: String, failsAt: Int = 0, hides: Bool = true) throws -> DenseTrainer {
            var options = options(steps: 8)
            options.checkpointSteps = 3
            options.hidesSpans = hides
            return DenseTrainer(
                try DenseStart(folder["model"]), output: folder[output],
                dataset: FailingDataset(base: try data(), failsAt: failsAt), options: options,
                loading: LoadingOptions(workers: 0))
        }
        let whole = try weights(trainer("whole").run().network)
        #expect(throws: ConverterTests.Stop.self) { try trainer("stopped", failsAt: 6).run() }
        #expect(try weights(trainer("stopped").run().network) == whole)
        // Hiding matters.
        #expect(try weights(trainer("seen", hides: false).run().network) != whole)
    }

    /// A batch in parts gives the gradients of the whole, to rounding.
    @Test func partsOfABatchTeachTheSame() throws {
        try TinySpeech.addModel(to: folder["model"], masks: true)
        let start = try DenseStart(folder["model"])
        try expectSameGradientsInParts(options(steps: 1), data(), tolerance: 1e-4) {
            try start.load(seed: 0, device: .cpu)
        }
    }

    /// The head alone is new on a pretrained model; other letters than the model's are refused without that.
    @Test func aNewHead() throws {
        try TinySpeech.addModel(to: folder["model"])
        _ = try DenseTrainer(
            DenseStart(folder["model"]), output: folder["out"], dataset: data(), options: options(steps: 1)
        ).run()
        try folder.add(
            "out/vocab.json",
            Data(
                #"{"<s>": 1, "</s>": 2, "<unk>": 3, "<pad>": 0, "|": 4, "a": 5, "b": 6, "c": 7, "d": 8}"#.utf8
            ))
        let error = try #require(throws: ConversionError.self) { try DenseStart(folder["out"]) }
        #expect(error.localizedDescription.contains("8 classes with the blank 0"))
        #expect(error.localizedDescription.contains("9 with 0"))
        let start = try DenseStart(folder["out"], replacesHead: true)
        #expect(start.source == .newHead)
        let (network, base) = (try start.load(seed: 3, device: .cpu), try ModelFolder.load(folder["out"]))
        let known = Dictionary(uniqueKeysWithValues: base.namedParameters().map { ($0.name, $0.tensor) })
        for (name, tensor) in network.namedParameters() {
            if name.hasPrefix("head.") {
                #expect(tensor.shape[0] == 9)
            } else {
                #expect(try tensor.array(of: Float.self) == known[name]?.array(of: Float.self), "\(name)")
            }
        }
    }

    @Test func dataThatTeachNothingAreRefused() throws {
        try TinySpeech.addModel(to: folder["model"])
        let untold = try DatasetFolder.open(
            folder["data/clips"], modelFolder: folder["model"], letters: .learnt)
        let error = try #require(throws: ConversionError.self) {
            try DenseTrainer(
                DenseStart(folder["model"]), output: folder["out"], dataset: untold,
                options: options(steps: 1)
            ).run()
        }
        #expect(error.localizedDescription.contains("no texts"))
        #expect(!FileManager.default.fileExists(atPath: folder["out"].path))
    }
}
