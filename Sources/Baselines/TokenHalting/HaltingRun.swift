import Torch
import Transformers

/// The tokens of one pass at inference: those that have halted are taken out.
final class HaltingRun {
    private let score: HaltingScore
    private let blockCount: Int
    /// Numbers of the samples that are not done, `[left]`.
    private var samples: Tensor?
    /// Of their tokens the scores so far, `[left, tokens]` float32.
    private var sums: Tensor?
    /// Of all samples what the head gets, `[batch, width]` float32.
    private var output: Tensor?
    /// For each block the samples that ran, and how many of their tokens did.
    private var counts: [(samples: Tensor, tokens: Tensor)] = []

    init(_ score: HaltingScore, blockCount: Int) {
        self.score = score
        self.blockCount = blockCount
    }

    /// - Returns: whether any token goes on.
    func halt(after block: Int, _ flow: inout BlockFlow) throws -> Bool {
        let device = flow.states.device
        let size = try flow.states.size(0)
        let type = flow.states.dataType
        let samples = try self.samples ?? Tensor(Array(0..<size)).to(device)
        let mask = try flow.mask ?? .ones(Array(flow.states.shape.dropLast()), .bool, device: device)
        let output = try self.output ?? .zeros([size, flow.states.size(2)], device: device)
        try counts.append((samples, mask.to(nil, .int64).sum(axis: 1)))
        let sums = try self.sums ?? .zeros(mask.shape, device: device)
        let scores = try block + 1 == blockCount ? sums.negative() + 1 : score(flow.states)
        let halts = try (sums + scores).isAtLeast(1 - TokenHaltingModel.tolerance)
        let shares = try halts.choose(sums.negative() + 1, scores)  // [left, tokens]
        let first = try flow.states.select(0, axis: 1).to(nil, .float32) * shares.slice(0..<1, axis: 1)
        try output.addRowsInPlace(first, at: samples)
        self.output = output
        // A sample is done with its class token.
        let isLeft = try halts.select(0, axis: 1).logicalNot()
        let rows = try Tensor.range(0..<isLeft.size(0), device: device).rows(where: isLeft)
        guard block + 1 < blockCount, try rows.size(0) > 0 else {
            flow.states = try output.to(nil, type).unsqueezed(1)
            flow.mask = nil
            return false
        }
        self.samples = try samples.entries(rows)
        let stays = try mask.and(halts.logicalNot()).entries(rows)
        // Those that stay first, in their order; as many as the sample with most has.
        let most = try stays.to(nil, .int64).sum(axis: 1).maximum().item(Int.self)
        let order = try stays.to(nil, .int64).sorted(axis: 1, descending: true).indices
            .slice(0..<most, axis: 1)
        flow.mask = try stays.gathered(order, axis: 1)
        self.sums = try (sums + scores).entries(rows).gathered(order, axis: 1)
        let places = try order.unsqueezed(-1).expanded([-1, -1, flow.states.size(2)])
        flow.states = try flow.states.entries(rows).gathered(places, axis: 1)
        return true
    }

    /// For each sample the tokens of each block that ran.
    func tokenCounts(_ sampleCount: Int) throws -> [[Int]] {
        var counts = Array(repeating: [Int](), count: sampleCount)
        for block in self.counts {
            for (sample, tokens) in try zip(
                block.samples.array(of: Int.self), block.tokens.array(of: Int.self))
            {
                counts[sample].append(tokens)
            }
        }
        return counts
    }
}

private enum Operators {
    static let addRows = Operator("aten::index_add_")
}

extension Tensor {
    /// Adds rows to those that indices name.
    fileprivate func addRowsInPlace(_ rows: Tensor, at indices: Tensor) throws {
        try Operators.addRows(.tensor(self), .int(0), .tensor(indices), .tensor(rows))
    }
}
