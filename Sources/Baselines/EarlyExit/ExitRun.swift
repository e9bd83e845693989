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
    /// Who left after which block, and with what logits.
    private var answers: [(samples: Tensor, logits: Tensor, depth: Int)] = []
    private let sampleCount: Int

    init(_ model: EarlyExitModel, threshold: Double, sampleCount: Int) {
        self.model = model
        self.threshold = threshold
        self.sampleCount = sampleCount
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
        let isSure = try answer.softmax().maximum(axes: [1]).isAtLeast(threshold)
        let rows = try Tensor.range(0..<isSure.size(0), device: isSure.device)
        let (leaving, staying) = try (rows.rows(where: isSure), rows.rows(where: isSure.logicalNot()))
        let samples = left ?? rows
        try answers.append((samples.entries(leaving), answer.entries(leaving), block + 1))
        left = try samples.entries(staying)
        self.said = try said.entries(staying)
        previous = try logits.entries(staying)
        flow.states = try flow.states.entries(staying)
        flow.mask = try flow.mask?.entries(staying)
        return try flow.states.size(0) > 0
    }

    /// - Returns: what exits said with this one's logits, and the ensemble's answer.
    private func answer(_ logits: Tensor, _ block: Int) throws -> (said: Tensor, answer: Tensor) {
        let own = try logits.logSoftmax().unsqueezed(1)
        let said = try said.map { try .concatenated([$0, own], axis: 1) } ?? own
        return (said, try model.ensembles[block](said))
    }

    /// Takes the answers of those who ran all blocks.
    ///
    /// - Parameter logits: of the model's own head, `[left, classes]`.
    func end(_ logits: Tensor) throws {
        let count = try logits.size(0)
        guard count > 0 else { return }
        let answer = try answer(logits.to(nil, .float32), model.exits.count).answer
        try answers.append(
            (left ?? .range(0..<count, device: answer.device), answer, model.ensembles.count))
    }

    /// The answers in the order of the samples: `[batch, classes]` float32.
    func logits() throws -> Tensor {
        let order = try Tensor.concatenated(answers.map(\.samples)).sorted().indices
        return try Tensor.concatenated(answers.map(\.logits)).entries(order)
    }

    /// Blocks that each sample ran.
    func depths() throws -> [Int] {
        var depths = Array(repeating: model.ensembles.count, count: sampleCount)
        for answer in answers {
            for sample in try answer.samples.array(of: Int.self) { depths[sample] = answer.depth }
        }
        return depths
    }
}
