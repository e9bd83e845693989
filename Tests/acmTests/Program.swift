import Foundation
import TestSupport
import Testing

/// The built executable `acm`, run as a process.
struct Program {
    /// How a run ended.
    struct Ending {
        /// The exit code; 128 and more for a signal, as in a shell.
        let status: Int32
        let output: String
        let errors: String
    }

    /// SwiftPM puts the executable into the folder of the test bundle.
    private static let url = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("acm")

    private let process = Process()
    private let folder: TemporaryFolder

    /// Starts a run in a folder of its own, where relative paths lead to.
    init(_ arguments: [String], in given: TemporaryFolder? = nil, environment: [String: String] = [:]) throws
    {
        folder = try TemporaryFolder()
        process.executableURL = Self.url
        process.arguments = arguments
        process.currentDirectoryURL = (given ?? folder).url
        // One thread: those of a library that waits by spinning are slow on a busy machine.
        process.environment = ProcessInfo.processInfo.environment
            .merging(["OMP_NUM_THREADS": "1"]) { $1 }.merging(environment) { $1 }
        // Files, because a pipe that nobody empties stops the process.
        process.standardOutput = try FileHandle(forWritingTo: folder.add("output", Data()))
        process.standardError = try FileHandle(forWritingTo: folder.add("errors", Data()))
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    /// Ends the process as `kill -9` does.
    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    func wait() throws -> Ending {
        process.waitUntilExit()
        let signalled = process.terminationReason == .uncaughtSignal
        return Ending(
            status: process.terminationStatus + (signalled ? 128 : 0),
            output: try String(contentsOf: folder["output"], encoding: .utf8),
            errors: try String(contentsOf: folder["errors"], encoding: .utf8))
    }
}

/// Runs `acm` to its end.
func acm(
    _ arguments: String..., in folder: TemporaryFolder? = nil, environment: [String: String] = [:]
) throws -> Program.Ending {
    try Program(arguments, in: folder, environment: environment).wait()
}

extension Program.Ending {
    /// Expects success.
    func succeeds(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == 0, "\(errors)", sourceLocation: sourceLocation)
    }

    /// Expects an exit code, and on standard error one sentence with these words.
    func refuses(_ code: Int32, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == code, "\(errors)", sourceLocation: sourceLocation)
        let message = errors.split(separator: "\n").last.map(String.init) ?? ""
        #expect(message.hasPrefix("acm: "), "\(errors)", sourceLocation: sourceLocation)
        for part in parts {
            #expect(message.contains(part), "\(errors)", sourceLocation: sourceLocation)
        }
    }
}
