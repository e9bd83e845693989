import AdaptiveComputation
import ArgumentParser
import Datasets
import Foundation
import Preprocessing
import Torch
import Transformers

/// The command line.
@main
struct ACM: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acm",
        abstract: "Makes pretrained transformers spend compute only where it is needed.",
        version: Version.current,
        subcommands: [
            Inspect.self, Run.self, Predict.self, Transcribe.self, Convert.self, Distill.self,
            PretrainGates.self, Finetune.self, TrainDense.self, Baseline.self, Calibrate.self, Evaluate.self,
            Report.self, Compare.self, Benchmark.self, BenchmarkData.self, Corrupt.self, Pack.self,
            Fetch.self, Doctor.self,
        ])

    static func main() {
        Runtime.keepFreedMemory()
        do {
            var command = try parseAsRoot()
            try command.run()
            if fflush(nil) != 0 { throw FileError(operation: "write", path: "standard output", code: errno) }
        } catch let cause where ExitStatus(cause) != nil {
            let error = (cause as? CocoaError).flatMap(FileError.init) ?? cause
            FileHandle.standardError.write(Data("acm: \(error.localizedDescription)\n".utf8))
            exit(withError: ExitCode((ExitStatus(error) ?? .internalFailure).rawValue))
        } catch {
            exit(withError: error)
        }
    }
}
