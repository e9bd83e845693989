import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// Phase II.
extension PhaseTraining {
    /// Adds the gradients of a batch to the gates': mean over budgets and modules of the mean cross-entropy
    /// over tokens.
    ///
    /// The labels of the rules `budget` and `sensitivity` spend it over the whole batch. In parts, the dense model
    /// therefore runs twice on each: for the distances, which are kept, and for what the gates see.
    func learnGates(_ batch: Batch, _ random: inout SplitMix64) throws -> StepValues {
        // Several budgets from one pass of the teacher, spread over the range.
        let count = options.budgetConditioned ? 4 : 1
        let budgets = (0..<count).map { part in
            options.finetuning.budget(at: (Double(part) + random.unit()) / Double(count))
        }
        let parts = try parts(batch)
        let seed = options.gatePretraining.labelRule == .sensitivity ? random.next() : nil
        var whole: [TaughtSlot]?
        var first = 0
        let slotsOfParts = try parts.map { part in
            let own = share.rows(first..<first + part.sampleCount, of: batch.sampleCount)
            first += part.sampleCount
            let slots = try taughtSlots(part, probe: seed.map { ($0, own) })
            if parts.count == 1 { whole = slots }
            return try withoutGradients { try inPrecision { try slots.map(JudgedSlot.init) } }
        }
        let judged = try JudgedSlot.joined(slotsOfParts)
        let labels = try budgets.map { budget in
            try withoutGradients { try gateLabels(judged, budget: budget) }
        }
        let weights = try share.weights(.stacked(judged.map(\.count)))?.unstacked()
        var total: Tensor?
        for (number, part) in parts.enumerated() {
            let slots = try whole ?? taughtSlots(part)
            let loss = try inPrecision {
                let start = slotsOfParts[..<number].reduce(into: Array(repeating: 0, count: slots.count)) {
                    for (index, slot) in $1.enumerated() { $0[index] += slot.rowCount }
                }
                let losses = try slots.enumerated().map { index, slot in
                    let own = slotsOfParts[number][index]
                    let rows = start[index]..<start[index] + own.rowCount
                    let labels = try Tensor.concatenated(labels.map { try $0[index].slice(rows, axis: 0) })
                    let logits = try slot.module.gate(slot.input, budgets: budgets)
                    let loss = try Loss.crossEntropy(logits.flattened(from: 0, to: 1), labels)
                    return try (parts.count == 1 ? loss : loss * (own.count / judged[index].count))
                        .scaled(by: weights?[index])
                }
                return try Tensor.stacked(losses).mean()
            }
            try backward(loss, isLast: number == parts.count - 1)
            total = try total.map { try $0 + loss.detach() } ?? loss.detach()
        }
        return try [("loss", total ?? .zeros([]))]
    }

    /// For each module the label of each row, -100 for padding.
    private func gateLabels(_ slots: [JudgedSlot], budget: Double) throws -> [Tensor] {
        let settings = options.gatePretraining
        let labels =
            switch settings.labelRule {
            case .budget, .sensitivity:
                try GateLabels.spending(
                    budget, distances: slots.map(\.distances),
                    modules: slots.map {
                        ($0.module.minimumChoice, $0.module.learners.count, $0.module.learnerCost)
                    }, weights: slots.map(\.weights), share: share)
            case .method, .paper:
                try slots.map {
                    try GateLabels.whereHelpEnds(
                        $0.distances, improvement: settings.improvement,
                        oneMore: settings.labelRule == .paper)
                }
            }
        return try zip(slots, labels).map { slot, label in
            try slot.weights.map { try label.masked($0.equals(0), value: -100) } ?? label
        }
    }
}

/// How far each choice of one module leaves each token's output from the dense one, times the root of its sensitivity
/// where that is asked for.
private struct JudgedSlot {
    let module: AdaptiveModule
    /// `[allowedChoices, rows]`.
    let distances: Tensor
    /// `[rows]` float32, 0 for padding; nil where all rows are real.
    let weights: Tensor?
    let rowCount: Int
    /// Real rows, a number without axes.
    let count: Tensor

    init(_ slot: TaughtSlot) throws {
        module = slot.module
        let own = try GateLabels.distances(slot.module, input: slot.input, target: slot.target)
        distances = try slot.sensitivity.map { try own * $0.squareRoot() } ?? own
        weights = slot.weights
        rowCount = try slot.input.size(0)
        count = try slot.count()
    }

    private init(joining parts: [JudgedSlot], _ first: JudgedSlot) throws {
        module = first.module
        distances = try .concatenated(parts.map(\.distances), axis: 1)
        weights = first.weights == nil ? nil : try .concatenated(parts.compactMap(\.weights))
        rowCount = parts.reduce(0) { $0 + $1.rowCount }
        count = try Tensor.stacked(parts.map(\.count)).sum()
    }

    /// The modules of a whole batch from those of its parts.
    static func joined(_ parts: [[JudgedSlot]]) throws -> [JudgedSlot] {
        guard let first = parts.first, parts.count > 1 else { return parts.first ?? [] }
        return try first.indices.map { index in
            try JudgedSlot(joining: parts.map { $0[index] }, first[index])
        }
    }
}
