import AdaptiveComputation
import Datasets
import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Conversion

/// Images whose brightness tells their class.
private func brightness(
    _ folder: TemporaryFolder, classes: [String], size: Int
) throws -> ImageTensorDataset {
    let labels = (0..<24).map { $0 % classes.count }
    try Runtime.seed(3)
    let offsets = try Tensor(labels.map { Float($0 * 180 / classes.count) }, shape: [24, 1, 1, 1])
    let images = try (Tensor.uniform([24, 1, size, size]) * 60 + offsets).to(nil, .uint8)
    let file = folder["images.safetensors"]
    try SafetensorsWriter.write(
        [("images", images), ("labels", Tensor(labels))], to: file,
        metadata: ["classes": classes.joined(separator: "\n")])
    return try ImageTensorDataset(file, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], size: size)
}

@Suite(.serialized) struct DenseTrainerTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func options(steps: Int = 30) -> DenseOptions {
        var options = DenseOptions()
        options.optimisation.batchSize = 8
        options.optimisation.steps = steps
        options.optimisation.learningRate = 3e-3
        options.checkpointSteps = 2
        return options
    }

    private func weights(_ network: any TransformerModel) throws -> [[Float]] {
        try network.namedParameters().map { try $0.tensor.array(of: Float.self) }
    }

    /// A folder with nothing but a golden's `config.json`.
    private func shape(of golden: String) throws -> URL {
        let url = folder["shape"]
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: goldens.appendingPathComponent("\(golden)/config.json"),
            to: url.appendingPathComponent("config.json"))
        return url
    }

    @Test(arguments: ["deit_classifier", "dinov2"]) func fromNothing(golden: String) throws {
        let start = try DenseStart(shape(of: golden))
        #expect(start.source == .new)
        let size = golden == "dinov2" ? 28 : 24
        let data = try brightness(folder, classes: ["dark", "grey", "bright"], size: size)
        var losses: [Double] = []
        let result = try DenseTrainer(
            start, output: folder["out"], dataset: data, options: options(), reportSteps: 1
        ) { losses.append($0.values[0].value) }.run()
        #expect(losses.count == 30)
        let (first, last) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
        #expect(last < 0.7 * first, "\(losses)")
        #expect(result.values.map(\.name) == ["loss", "accuracy"])
        // The folder is an ordinary one.
        let loaded = try ModelFolder.load(folder["out"])
        #expect(try weights(loaded) == weights(result.network))
        #expect(try ModelFolder.classNames(folder["out"]) == ["dark", "grey", "bright"])
        let names = try FileManager.default.contentsOfDirectory(atPath: folder["out"].path).sorted()
        #expect(
            names.filter { !$0.hasPrefix("events.") } == [
                "config.json", "model.safetensors", "training.yaml",
            ])
        #expect(names.count == 4)
    }

    /// The layers of a new model start as those of transformers do.
    @Test func newWeights() throws {
        let network = try DenseStart(shape(of: "dinov2")).load(
            classNames: ["a", "b"], seed: 1, device: .cpu)
        for (name, tensor) in network.namedParameters() {
            let mean = try tensor.mean().item(Double.self)
            let spread = try (tensor - mean).square().mean().squareRoot().item(Double.self)
            if name.hasSuffix("bias") {
                #expect(mean == 0 && spread == 0, "\(name)")
            } else if name.contains("orm.weight") || name.hasSuffix("scale") {
                #expect(mean == 1 && spread == 0, "\(name)")
            } else {
                #expect(abs(mean) < 0.02 && (0.01..<0.03).contains(spread), "\(name): \(mean), \(spread)")
            }
        }
        let again = try DenseStart(folder["shape"]).load(classNames: ["a", "b"], seed: 1, device: .cpu)
        let other = try DenseStart(folder["shape"]).load(classNames: ["a", "b"], seed: 2, device: .cpu)
        #expect(try weights(again) == weights(network) && weights(other) != weights(network))
    }

    /// As transformers does: BERT's pooler stays or is drawn, ViT's goes, the rest is the base's.
    @Test(arguments: ["bert", "bert_no_pooler", "vit", "bert_classifier"])
    func aNewHead(golden: String) throws {
        let url = goldens.appendingPathComponent(golden)
        let start = try DenseStart(url, replacesHead: true)
        #expect(start.source == .newHead)
        let network = try start.load(classNames: ["x", "y", "z"], seed: 0, device: .cpu)
        let base = try ModelFolder.load(url)
        let known = Dictionary(
            uniqueKeysWithValues: base.namedParameters().map { ($0.name, $0.tensor) })
        var drawn: Set<Substring> = []
        for (name, tensor) in network.namedParameters() {
            if !name.hasPrefix("classifier"), let tensorOfBase = known[name] {
                #expect(try tensor.array(of: Float.self) == tensorOfBase.array(of: Float.self), "\(name)")
            } else {
                drawn.insert(name.split(separator: ".")[0])
            }
        }
        #expect(drawn == (golden == "bert_no_pooler" ? ["pooler", "classifier"] : ["classifier"]))
        let reader = try JSONObjectReader(network.configuration, source: "config.json")
        #expect(try Architecture(reader).task == .classification)
        #expect(try reader.object("id2label").string("2") == "z")
        #expect(try reader.object("label2id").integer("z", in: 0...2) == 2)
        let logits = try #require(network.namedParameters().last?.tensor)
        #expect(logits.shape == [3])
    }

    @Test func aClassifierKeepsItsClasses() throws {
        let url = goldens.appendingPathComponent("bert_classifier")
        let start = try DenseStart(url)
        #expect(start.source == .whole)
        let network = try start.load(classNames: ["ignored"], seed: 0, device: .cpu)
        #expect(try weights(network) == weights(ModelFolder.load(url)))
    }

    /// Stopped between checkpoints, with and without augmentation, the run ends with the same weights.
    @Test(arguments: [false, true]) func aStoppedRunEndsWithTheSameWeights(augments: Bool) throws {
        let url = try shape(of: "deit_classifier")
        let data = try brightness(folder, classes: ["dark", "bright"], size: 24)
        var options = options(steps: 8)
        options.augmentation.enabled = augments
        var steps: [Int] = []
        func trainer(_ output: String, failsAt: Int = 0, seed: UInt64 = 0) throws -> DenseTrainer {
            var options = options
            options.seed = seed
            options.checkpointSteps = 4
            steps = []
            return DenseTrainer(
                try DenseStart(url), output: folder[output],
                dataset: FailingImages(base: data, failsAt: failsAt), options: options,
                loading: LoadingOptions(workers: 0), reportSteps: 1, report: { steps.append($0.step) })
        }
        let whole = try trainer("whole").run()
        #expect(throws: ConverterTests.Stop.self) { try trainer("stopped", failsAt: 6).run() }
        #expect(throws: ConversionError.otherRun(folder: folder["stopped"].relativePath)) {
            try trainer("stopped", seed: 1).run()
        }
        #expect(try weights(trainer("stopped").run().network) == weights(whole.network))
        #expect(steps == [5, 6, 7, 8])
        #expect(try weights(trainer("other", seed: 1).run().network) != weights(whole.network))
    }

    /// What comes after the training can fail, and the training is not done again.
    @Test func theEndCanBeDoneAgain() throws {
        let data = try brightness(folder, classes: ["dark", "bright"], size: 24)
        let url = try shape(of: "deit_classifier")
        var reports = 0
        func trainer() throws -> DenseTrainer {
            DenseTrainer(
                try DenseStart(url), output: folder["out"], dataset: data, options: options(steps: 4),
                reportSteps: 1, report: { _ in reports += 1 })
        }
        var first: [[Float]] = []
        #expect(throws: ConverterTests.Stop.self) {
            try trainer().run { result in
                first = try weights(result.network)
                throw ConverterTests.Stop()
            }
        }
        #expect(try weights(trainer().run().network) == first)
        #expect(reports == 4)
        #expect(!FileManager.default.fileExists(atPath: folder["out/checkpoint"].path))
    }

    /// A batch in parts gives the gradients of the whole, to rounding.
    @Test func partsOfABatchTeachTheSame() throws {
        let data = try brightness(folder, classes: ["dark", "bright"], size: 24)
        let start = try DenseStart(shape(of: "deit_classifier"))
        try expectSameGradientsInParts(options(steps: 1), data, tolerance: 1e-5) {
            try start.load(classNames: ["dark", "bright"], seed: 0, device: .cpu)
        }
    }

    /// Weight decay shrinks matrices alone.
    @Test func weightDecayLeavesVectorsAndPositionsAlone() throws {
        let data = try brightness(folder, classes: ["dark", "bright"], size: 24)
        let url = try shape(of: "deit_classifier")
        func trained(_ decay: Double) throws -> [String: [Float]] {
            var options = options(steps: 1)
            options.weightDecay = decay
            let network = try DenseTrainer(
                try DenseStart(url), output: folder["out"], dataset: data, options: options
            ).run().network
            return Dictionary(
                uniqueKeysWithValues: try network.namedParameters().map {
                    ($0.name, try $0.tensor.array(of: Float.self))
                })
        }
        let (without, with) = (try trained(0), try trained(10))
        let changed = Set(
            without.keys.filter { without[$0] != with[$0] }.map { $0.split(separator: ".").last })
        #expect(changed == ["weight"])
        #expect(without["embeddings.positions"] == with["embeddings.positions"])
        #expect(without["norm.weight"] == with["norm.weight"])
        #expect(without["classifier.weight"] != with["classifier.weight"])
    }

    @Test func dataThatTeachNothingAreRefused() throws {
        let url = try shape(of: "deit_classifier")
        func message(_ data: any Dataset) -> String? {
            let error = #expect(throws: ConversionError.self) {
                try DenseTrainer(
                    DenseStart(url), output: folder["out"], dataset: data, options: options(steps: 1)
                ).run()
            }
            return error?.localizedDescription
        }
        let one = try brightness(folder, classes: ["only"], size: 24)
        #expect(message(one) == "A classifier needs data of at least two classes, found one: only.")
        let file = folder["unlabelled.safetensors"]
        try SafetensorsWriter.write([("images", try Tensor.zeros([4, 3, 24, 24], .uint8))], to: file)
        let unlabelled = try ImageTensorDataset(
            file, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], size: 24)
        #expect(message(unlabelled)?.contains("no labels") == true)
        #expect(message(SampleSubset(one, first: 0)) == "The dataset is empty.")
    }

    @Test func modelsThatCannotBeTrainedAreRefused() throws {
        for golden in ["whisper", "deit_distilled"] {
            let error = #expect(throws: ModelError.self) {
                try DenseStart(goldens.appendingPathComponent(golden))
            }
            #expect(error?.localizedDescription.contains("BertForSequenceClassification") == true)
        }
    }

    @Test func optionsThatMakeNoSenseAreRefused() throws {
        for (path, value) in [
            ("weightDecay", "-1"), ("labelSmoothing", "1"), ("maximumLength", "2"), ("checkpointSteps", "0"),
            ("optimisation.batchSize", "0"), ("augmentation.flipProbability", "2"), ("precision", "int8"),
            ("unknown", "1"),
        ] {
            let error = #expect(throws: ConversionError.self) {
                try DenseOptions().setting(path, to: value)
            }
            let name = path.split(separator: ".").last.map(String.init) ?? path
            #expect(error?.localizedDescription.contains(name) == true, "\(path)")
        }
        let options = try DenseOptions().setting("optimisation.epochs", to: "7")
        #expect(options.optimisation.epochs == 7)
        #expect(try DenseOptions().overlaid(withYAML: options.yaml(), source: "yaml") == options)
    }
}
