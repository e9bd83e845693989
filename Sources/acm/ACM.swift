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
        prepareProcess()
        Runtime.keepFreedMemory()
        do {
            try refuseEmpty(CommandLine.arguments)
            var command = try parseAsRoot()
            try command.run()
            if fflush(nil) != 0 { throw FileError(operation: "write", path: "standard output", code: errno) }
        } catch let cause where ExitStatus(cause) != nil {
            let error = (cause as? CocoaError).flatMap(FileError.init) ?? cause
            StandardError.write("acm: \(oneLine(error.localizedDescription))\n")
            exit(withError: ExitCode((ExitStatus(error) ?? .internalFailure).rawValue))
        } catch {
            exit(withError: error)
        }
    }

    /// A message without line breaks and what else would control a terminal: names in files may have them.
    private static func oneLine(_ message: String) -> String {
        message.unicodeScalars.map { scalar in
            guard scalar.properties.generalCategory == .control else { return String(scalar) }
            return scalar == "\n" || scalar == "\t" ? " " : "\\u{\(String(scalar.value, radix: 16))}"
        }.joined()
    }

    /// Lets what the system ends a process for become errors with a sentence.
    private static func prepareProcess() {
        // Beyond a limit on the size of files a write then fails.
        signal(SIGXFSZ, SIG_IGN)
        // The first file that is opened must not take the place of a standard stream that the caller closed.
        // Opened the wrong way round, it still fails to be read or written.
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// An empty path would mean the current folder; mostly it is a variable of the shell that is not set.
    ///
    /// - Throws: `ValidationError`; texts and titles may be empty.
    private static func refuseEmpty(_ arguments: [String]) throws {
        for (name, value) in zip(arguments, arguments.dropFirst())
        where value.isEmpty && !["--text", "--title"].contains(name) {
            throw ValidationError(
                "What follows \(name) is empty: give a value, or a dot for the current folder")
        }
    }
}
