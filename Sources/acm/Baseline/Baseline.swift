import ArgumentParser

/// Other methods to spend less compute, to compare with.
struct Baseline: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Converts a dense model by another method, to compare with: docs/baselines.md.",
        discussion: "acm evaluate and acm benchmark take what comes out like any other model.",
        subcommands: [TokenHalting.self, MoEfy.self, EarlyExit.self, TokenMerging.self, DepthCut.self])
}
