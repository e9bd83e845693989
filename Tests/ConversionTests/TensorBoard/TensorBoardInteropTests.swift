import Foundation
import Testing
import Torch

@testable import Conversion

private let pythonPath = ProcessInfo.processInfo.environment["ACM_TENSORBOARD_PYTHON"]

/// The events of a run, read back by Python's `tensorboard` in the interpreter that `ACM_TENSORBOARD_PYTHON` names.
@Suite(.enabled(if: pythonPath != nil, "needs ACM_TENSORBOARD_PYTHON, a python with tensorboard"))
struct TensorBoardInteropTests {
    let run = ConverterTests()

    /// Runs a program on the run's folder and gives what it prints.
    private func python(_ program: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: pythonPath ?? "python3")
        process.arguments = ["-c", program, run.folder.appendingPathComponent("run").path]
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A run that is stopped and goes on has each step once.
    @Test func tensorBoardReadsARun() throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        var options = run.options()
        options.heldOut.share = 0.3
        options.heldOut.steps = 3
        let whole = try run.converter("bert_classifier", output: "run", options)
        #expect(throws: ConverterTests.Stop.self) {
            try Converter(
                modelFolder: whole.modelFolder, output: whole.output,
                dataset: FailingDataset(base: RandomTokens(vocabulary: 101), failsAt: 20), options: options,
                reportSteps: 1
            ).run()
        }
        var reports: [TrainingReport] = []
        let model = try run.converter("bert_classifier", output: "run", options) { reports.append($0) }.run()
        let last = try #require(reports.last)
        let printed = try python(
            """
            import json, sys
            from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
            events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'histograms': 0}).Reload()
            print(json.dumps({
                'scalars': {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()['scalars']},
                'histograms': {tag: [[e.step, e.histogram_value.num, e.histogram_value.bucket]
                                     for e in events.Histograms(tag)] for tag in events.Tags()['histograms']},
            }))
            """)
        let reader = try JSONObjectReader(JSONValue(parsing: printed), source: "python")
        let scalars = try reader.object("scalars")
        for phase in TrainingPhase.allCases {
            let loss = try #require(try scalars.value("\(phase.rawValue)/loss").arrayValue)
            #expect(loss.compactMap { $0.arrayValue?.first?.integerValue } == Array(1...6), "\(phase)")
        }
        let loss = try #require(
            try scalars.value("finetuning/loss").arrayValue?.last?.arrayValue?.last?.doubleValue)
        #expect(abs(loss - last.values[0].value) < 1e-6)
        for tag in ["task", "load", "budget", "learning_rate", "samples_per_second"] {
            #expect(try scalars.value("finetuning/\(tag)").arrayValue?.isEmpty == false, "\(tag)")
        }
        let score = try #require(try scalars.value("held_out/score").arrayValue)
        #expect(score.compactMap { $0.arrayValue?.first?.integerValue } == [3, 6])
        let histograms = try reader.object("histograms")
        for (index, module) in model.modules.enumerated() {
            let histogram = try #require(
                try histograms.value("finetuning/choices/\(module.place)").arrayValue?.last?.arrayValue)
            let counts = try #require(last.gates?.meter.modules[index].histogram)
            #expect(histogram[0].integerValue == 6)
            #expect(histogram[1].doubleValue == Double(counts.reduce(0, +)))
            #expect(histogram[2].arrayValue?.compactMap(\.doubleValue) == counts.map(Double.init))
        }
    }
}
