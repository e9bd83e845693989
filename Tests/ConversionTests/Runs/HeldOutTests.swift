import AdaptiveComputation
import Datasets
import Foundation
import Testing
import Torch
import Transformers

@testable import Conversion

/// Evaluation on samples that are not trained on: best weights, early stop, resume.
@Suite(.serialized) struct HeldOutTests {
    let run = ConverterTests()

    func options(_ steps: Int = 8) -> ConversionOptions {
        var options = run.options(2)
        options.finetuning.optimisation.steps = steps
        options.heldOut.share = 0.3
        options.heldOut.steps = 2
        // Calibrated gates would score otherwise than in training.
        options.calibrationSamples = 0
        return options
    }

    func converter(
        _ output: String, _ options: ConversionOptions, failsAt: Int? = nil,
        report: @escaping (TrainingReport) -> Void = { _ in }
    ) -> Converter {
        let tokens = RandomTokens(vocabulary: 101)
        return Converter(
            modelFolder: goldens.appendingPathComponent("bert_classifier"),
            output: run.folder.appendingPathComponent(output),
            dataset: failsAt.map { FailingDataset(base: tokens, failsAt: $0) } ?? tokens, options: options,
            loading: LoadingOptions(workers: 0), reportSteps: 1, report: report)
    }

    func results(_ output: String) throws -> JSONObjectReader {
        try JSONObjectReader(
            contentsOf: run.folder.appendingPathComponent("\(output)/results.json"))
    }

    /// The score of a model folder on the samples that a converter holds out.
    func score(_ output: String, _ converter: Converter) throws -> Double {
        let model = try AdaptiveModel.load(converter.output)
        let evaluator = HeldOutEvaluator(
            dataset: try #require(converter.heldOut), model: model,
            teacher: try AdaptiveModel.load(converter.modelFolder), options: converter.options, device: .cpu,
            loading: LoadingOptions(workers: 0))
        return try evaluator.evaluate(step: 0).score
    }

    @Test func theFinalFolderHasTheBestWeights() throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        var options = options()
        options.finetuning.optimisation.learningRate = 3e-2  // so high that the loss goes up and down
        var evaluations: [HeldOutEvaluation] = []
        let converter = converter("run", options) { report in
            if let heldOut = report.heldOut { evaluations.append(heldOut) }
        }
        _ = try converter.run()
        #expect(evaluations.map(\.step) == [2, 4, 6, 8])
        #expect(evaluations.allSatisfy { $0.scores.map(\.budget) == [0.25, 0.5, 1] })
        let best = try #require(evaluations.min { $0.score < $1.score })
        #expect(best.step < 8, "the last must not be the best for this test to say anything")
        #expect(abs(try score("run", converter) - best.score) < 1e-5)
        options.heldOut.keepsBest = false
        let last = self.converter("last", options)
        _ = try last.run()
        #expect(abs(try score("last", last) - #require(evaluations.last).score) < 1e-5)
        let reader = try results("run").object("held_out")
        #expect(try reader.object("best").integer("step", in: 0...8) == best.step)
        #expect(try reader.objects("evaluations").count == 4)
    }

    @Test func trainingStopsWhereNothingIsGained() throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        var options = options(40)
        options.finetuning.optimisation.learningRate = 3e-2
        options.heldOut.patience = 2
        var evaluations: [HeldOutEvaluation] = []
        _ = try converter("run", options) { report in
            if let heldOut = report.heldOut { evaluations.append(heldOut) }
        }.run()
        let steps = try #require(evaluations.last?.step)
        #expect(steps < 40)
        var record = RunRecord()
        record.evaluations = evaluations
        #expect(record.evaluationsWithoutGain == 2)
        let phase = try #require(try results("run").objects("phases").last)
        #expect(try phase.integer("steps", in: 0...40) == steps)
        #expect(try phase.integer("planned_steps", in: 0...40) == 40)
    }

    /// Stopped behind evaluations, with checkpoints that do not fall on them.
    @Test(arguments: [0, 2]) func aStoppedRunFindsTheSameBest(patience: Int) throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        var options = options(12)
        options.finetuning.optimisation.learningRate = 3e-2
        options.checkpointSteps = 3
        options.heldOut.patience = patience
        let whole = try converter("whole", options).run()
        for failsAt in [12, 5] {
            #expect(throws: ConverterTests.Stop.self) {
                try converter("stopped", options, failsAt: failsAt).run()
            }
        }
        let state = run.folder.appendingPathComponent("stopped/checkpoint/state.json")
        let reader = try JSONObjectReader(contentsOf: state)
        #expect(try reader.string("phase") == "finetuning" && reader.integer("step", in: 0...12) > 0)
        #expect(
            try FileManager.default.contentsOfDirectory(
                atPath: state.deletingLastPathComponent().path
            ).contains("best-2.safetensors"))
        let stopped = try converter("stopped", options).run()
        #expect(try run.weights(stopped) == run.weights(whole))
        for key in ["evaluations", "best"] {
            #expect(
                try results("stopped").object("held_out").value(key)
                    == results("whole").object("held_out").value(key))
        }
        func names(_ output: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(
                atPath: run.folder.appendingPathComponent(output).path
            ).filter { !$0.hasPrefix("events.") }.sorted()
        }
        #expect(try names("stopped") == names("whole"))
        #expect(try recordCount("stopped") == recordCount("whole"))
    }

    /// Records of a run's event file, which must be whole: a step that was done twice stands there once.
    func recordCount(_ output: String) throws -> Int {
        let folder = run.folder.appendingPathComponent(output)
        let name = try #require(try EventFile.names(in: folder).first)
        let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
        var (place, count) = (0, 0)
        while place < bytes.count {
            let length = bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
            let content = bytes[place + 12..<place + 12 + length]
            #expect(
                CRC32C.masked(content).littleEndianBytes
                    == Array(bytes[place + 12 + length..<place + 16 + length]))
            place += 16 + length
            count += 1
        }
        return count
    }

    @Test func whatIsHeldOutIsNotTrainedOn() throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        let converter = converter("run", options())
        let kept = try #require(converter.dataset as? SampleSubset).numbers
        let heldOut = try #require(converter.heldOut as? SampleSubset).numbers
        #expect(Set(kept).isDisjoint(with: heldOut) && (kept + heldOut).sorted() == Array(0..<24))
        #expect((3...12).contains(heldOut.count))
        var few = options()
        few.heldOut.samples = 2
        #expect(self.converter("run", few).heldOut?.count == 2)
    }

    @Test func contradictionsAreRefused() throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        var none = options()
        none.heldOut.share = 1e-9
        #expect(throws: ConversionError.self) { try converter("run", none).run() }
        var missing = options()
        (missing.heldOut.share, missing.heldOut.split) = (0, "dev")
        #expect(throws: ConversionError.self) { try converter("run", missing).run() }
    }

    @Test func resultsTellWhatWasAskedAndFound() throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        let converter = converter("run", options())
        let model = try converter.run()
        let reader = try results("run")
        let asked = try reader.object("asked")
        #expect(try asked.integer("samples", in: 0...24) == converter.dataset.count)
        #expect(try asked.object("options").object("finetuning").double("budgetWeight") == 5)
        #expect(try asked.strings("phases") == TrainingPhase.allCases.map(\.rawValue))
        let phases = try reader.objects("phases")
        #expect(try phases.map { try $0.string("phase") } == TrainingPhase.allCases.map(\.rawValue))
        for phase in phases {
            #expect(try phase.double("seconds") > 0 && phase.double("samples_per_second") > 0)
            #expect(try phase.integer("peak_host_bytes", in: 1...Int.max) > 1 << 20)
            #expect(try phase.object("last").double("loss").isFinite)
        }
        let gates = try #require(try phases.last?.object("gates"))
        #expect(try gates.objects("modules").count == model.modules.count)
        #expect(try reader.object("versions").string("libtorch") == Runtime.torchVersion())
        #expect(try reader.object("device").string("name") == "cpu")
    }
}
