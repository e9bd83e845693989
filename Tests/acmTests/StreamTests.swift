import Foundation
import TestSupport
import Testing

/// Standard streams that are closed or take nothing, and a limit on the size of files.
@Suite struct StreamTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(textModel: "bert_classifier")
    }

    /// The exit status of a command of the shell, in which `$0` is the program.
    func shell(_ command: String) throws -> Int32 {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("acm")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command, program.path] + shortConversion()
        process.currentDirectoryURL = folder.url
        // A thread of the tests may block signals, and what it starts would, too.
        var signals = sigset_t()
        sigemptyset(&signals)
        var before = sigset_t()
        pthread_sigmask(SIG_SETMASK, &signals, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : 128
    }

    let convert = "exec \"$0\" convert model --data texts.tsv --output out \"$@\""

    @Test func errorsThatCannotBeToldEndNothing() throws {
        #expect(try shell("\(convert) 2>/dev/full >/dev/null") == 0)
        try acm("inspect", "out", "--tokens", "5", in: folder).succeeds()
        #expect(try shell("exec \"$0\" inspect none 2>/dev/full") == 66)
    }

    /// No file of the conversion gets what is meant for a stream.
    @Test func closedStreamsAreNotFiles() throws {
        #expect(try shell("\(convert) <&- >&- 2>&-") == 74)  // the last line of the output
        try acm("inspect", "out", "--tokens", "5", in: folder).succeeds()
        for (name, content) in try folder.snapshot() where name.hasPrefix("out/") {
            #expect(!String(decoding: content, as: UTF8.self).contains("Wrote out"), "\(name)")
        }
    }

    @Test func aLimitOnTheSizeOfFiles() throws {
        let status = try shell(
            "ulimit -f 8; \(convert) 2>errors >/dev/null")
        #expect(status == 74)
        let errors = try String(contentsOf: folder["errors"], encoding: .utf8)
        #expect(errors.contains("acm: cannot write out/checkpoint/"), "\(errors)")
    }
}
