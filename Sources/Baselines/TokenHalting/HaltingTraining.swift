import Torch
import Transformers

/// The tokens of one pass in training: those that have halted stay, but nothing sees them.
final class HaltingTraining {
    private let score: HaltingScore
    private let blockCount: Int
    /// The scores so far, `[batch, tokens]` float32.
    private var sums: Tensor?
    /// Of tokens that have not halted, `[batch, tokens]` bool.
    private var runs: Tensor?
    private var output: Tensor?
    /// p of each block so far, `[batch, tokens]` float32.
    private(set) var shares: [Tensor] = []
    /// Of each block so far 1 for the tokens that ran, of the same shape.
    private(set) var ran: [Tensor] = []

    init(_ score: HaltingScore, blockCount: Int) {
        self.score = score
        self.blockCount = blockCount
    }

    func halt(after block: Int, _ flow: inout BlockFlow) throws -> Bool {
        let states = flow.states
        let shape = Array(states.shape.dropLast())
        let runs = try self.runs ?? flow.mask ?? .ones(shape, .bool, device: states.device)
        let sums = try self.sums ?? .zeros(shape, device: states.device)
        let rest = try sums.negative() + 1
        let scores = try block + 1 == blockCount ? rest : score(states)
        let halts = try (sums + scores).detach().isAtLeast(1 - TokenHaltingModel.tolerance)
        let isRunning = try runs.to(nil, .float32)
        let share = try halts.choose(rest, scores) * isRunning
        shares.append(share)
        ran.append(isRunning)
        let added = try states * share.to(nil, states.dataType).unsqueezed(-1)
        let output = try self.output.map { try $0 + added } ?? added
        self.output = output
        self.sums = try sums + scores * isRunning
        let left = try runs.and(halts.logicalNot())
        self.runs = left
        if block + 1 == blockCount {
            flow.states = output
            return true
        }
        flow.states = try states * left.to(nil, states.dataType).unsqueezed(-1)
        // A sample of which nothing is left attends to its class token, so that its numbers stay finite.
        let isOver = try left.anyTrue(axis: 1, keepDimension: true).logicalNot()
        let first = try Tensor.range(0..<shape[1], device: states.device).equals(0)
        flow.mask = try left.or(isOver.and(first))
        return true
    }
}
