import Foundation
import TestSupport
import Testing
import Torch

/// Conversions by two processes on this machine, which go through Gloo.
///
/// The weights of two processes are those of one, up to the order in which float32 sums are taken, and to what
/// Adam makes of it: a gradient of almost nothing gives a step of the full learning rate in either direction,
/// so that few weights may be off by up to twice the sum of the rates, and nearly all must be close.
@Suite struct ParallelTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(textModel: "bert_classifier")
    }

    /// The variables of `torchrun` for each process.
    func environments(port: UInt16, size: Int = 2) -> [[String: String]] {
        (0..<size).map {
            [
                "RANK": "\($0)", "WORLD_SIZE": "\(size)", "LOCAL_RANK": "\($0)", "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": "\(port)",
            ]
        }
    }

    func arguments(_ output: String, steps: Int, data: String = "texts.tsv") -> [String] {
        ["convert", "model", "--data", data, "--output", output] + shortConversion(steps: steps)
            + ["--process-timeout", "20"]
    }

    /// Starts one process for each variables.
    func start(_ arguments: [String], size: Int = 2) throws -> [Program] {
        try environments(port: freePort(), size: size).map {
            try Program(arguments, in: folder, environment: $0)
        }
    }

    /// How far the weights of two outputs lie apart.
    func expectSameWeights(_ first: String, _ second: String, within bound: Float = 1e-5) throws {
        let weights = try [first, second].map { try folder.tensors("\($0)/model.safetensors") }
        #expect(weights[0].keys.sorted() == weights[1].keys.sorted())
        var differences: [Float] = []
        for (name, tensor) in weights[0] {
            let other = try #require(weights[1][name])
            differences += try (tensor - other).absolute().array(of: Float.self)
        }
        differences.sort()
        print("DIFF", first, differences.last!, differences[differences.count * 999 / 1000], differences[differences.count * 99 / 100])
        #expect(differences[differences.count * 999 / 1000] < bound)
        #expect(try #require(differences.last) < 1e-3)
    }

    @Test(arguments: [[], ["--set", "distillation.optimisation.microBatchSize=1",
        "--set", "gatePretraining.optimisation.microBatchSize=1",
        "--set", "finetuning.optimisation.microBatchSize=1"]])
    func twoProcessesEndWithTheWeightsOfOne(more: [String]) throws {
        let modules = ["--set", "modules=[feed_forward,query]"]
        try Program(arguments("one", steps: 3) + modules, in: folder).wait().succeeds()
        let endings = try start(arguments("two", steps: 3) + modules + more).map { try $0.wait() }
        for ending in endings { ending.succeeds() }
        #expect(endings.map(\.output) == ["Wrote two: 4 adaptive modules, phase finetuned.\n", ""])
        #expect(endings[1].errors.isEmpty)
        try expectSameWeights("one", "two")
    }
}

/// A port of this machine that nobody listens at.
func freePort() throws -> UInt16 {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
        }
    }
    try #require(isBound)
    return UInt16(bigEndian: address.sin_port)
}
