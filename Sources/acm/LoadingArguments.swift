import ArgumentParser
import Datasets
import Foundation

/// How data is read.
struct LoadingArguments: ParsableArguments {
    @Option(help: "Threads that prepare data ahead, one a core unless told; 0 uses none.")
    var workers: Int?

    @Flag(help: "Leave samples out that cannot be read, and list them at the end.")
    var skipBad = false

    @Option(help: "How images get the model's size: crop (scale, keep the middle), or processor.")
    var imageTransform: ImageTransform?

    func validate() throws {
        guard (0...1024).contains(workers ?? 0) else {
            throw ValidationError("--workers must lie in 0...1024, found \(workers ?? 0)")
        }
    }

    var options: LoadingOptions { LoadingOptions(workers: workers) }

    /// Runs `body` and then lists on standard error what was left out.
    func listingBadSamples<Value>(_ body: (BadSamples) throws -> Value) throws -> Value {
        let badSamples = BadSamples(areSkipped: skipBad)
        defer { badSamples.list() }
        return try body(badSamples)
    }
}

extension BadSamples {
    /// Lists on standard error what was left out, if anything was.
    func list() {
        let entries = entries
        if entries.isEmpty { return }
        let lines = entries.map { "  \($0.place): \($0.reason)\n" }.joined()
        let text = "Left out \(entries.count) that cannot be read:\n\(lines)"
        StandardError.write(text)
    }
}

extension ImageTransform: ExpressibleByArgument {}
