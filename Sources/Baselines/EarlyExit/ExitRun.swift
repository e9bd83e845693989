import Torch
import Transformers

/// The samples of one pass through a model with exits.
final class ExitRun {
    private let model: EarlyExitModel
    private let threshold: Double
    /// Numbers of the samples that have not left, `[left]`; nil for all.
    private var left: Tensor?
    /// Of those, what the exits so far said: `[left, exits, classes]` float32.
    private var said: Tensor?
    private var previous: Tensor?
    private var answers: [(samples: [Int], logits: Tensor)] = []
    /// Blocks that each sample ran.
    private(set) var depths: [Int]

    init(_ model: EarlyExitModel, threshold: Double, sampleCount: Int) {
        self.model = model
        self.threshold = threshold
        depths = Array(repeating: model.ensembles.count, count: sampleCount)
    }

    /// Lets go those whose answer after a block is sure enough.
    ///
    /// - Returns: whether any sample goes on.
    func leave(after block: Int, _ flow: inout BlockFlow) throws -> Bool {
        guard block < model.exits.count else { return true }
        let logits = try model.exits[block](flow.states, mask: flow.mask, before: previous)
            .to(nil, .float32)
        let (said, answer) = try answer(logits, block)
        if threshold.isInfinite {
            (self.said, previous) = (said, logits)
            return true
        }
        let stays = try answer.softmax().maximum(axes: [1]).isLess(than: threshold)
        let samples = try left ?? Tensor(Array(0..<depths.count)).to(logits.device)
        try take(samples.rows(where: stays.logicalNot()), answer.rows(where: stays.logicalNot()), block + 1)
        left = try samples.rows(where: stays)
        self.said = try said.entries(indices(stays))
        previous = try logits.entries(indices(stays))
        flow.states = try flow.states.entries(indices(stays))
        flow.mask = try flow.mask?.entries(indices(stays))
        return try flow.states.size(0) > 0
    }

    private func indices(_ flags: Tensor) throws -> Tensor {
        try Tensor.range(0..<flags.size(0), device: flags.device).rows(where: flags)
    }

    /// - Returns: what exits said with this one's logits, and the ensemble's answer.
    private func answer(_ logits: Tensor, _ block: Int) throws -> (said: Tensor, answer: Tensor) {
        let own = try logits.logSoftmax().unsqueezed(1)
        let said = try said.map { try .concatenated([$0, own], axis: 1) } ?? own
        return (said, try model.ensembles[block](said))
    }

    private func take(_ samples: Tensor, _ logits: Tensor, _ depth: Int) throws {
        let numbers = try samples.array(of: Int.self)
        for number in numbers { depths[number] = depth }
        if !numbers.isEmpty { answers.append((numbers, logits)) }
    }

    /// Takes the answers of those who ran all blocks.
    ///
    /// - Parameter logits: of the model's own head, `[left, classes]`.
    func end(_ logits: Tensor) throws {
        guard try logits.size(0) > 0 else { return }
        let answer = try answer(logits.to(nil, .float32), model.exits.count).answer
        try take(left ?? Tensor(Array(0..<depths.count)), answer, model.ensembles.count)
    }

    /// The answers in the order of the samples: `[batch, classes]` float32.
    func logits() throws -> Tensor {
        let order = try Tensor(answers.flatMap(\.samples)).sorted().indices
        let all = try Tensor.concatenated(answers.map(\.logits))
        return try all.entries(order.to(all.device))
    }
}
