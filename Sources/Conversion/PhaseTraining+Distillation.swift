import Datasets
import Torch
import Transformers

/// Phase I.
extension PhaseTraining {
    /// Adds the gradients of a batch to the learners': mean over modules of the mean over tokens and n.
    ///
    /// In parts, each adds the gradients of its sums; how many tokens a module saw in all is known last, and
    /// divides them then. No parameter belongs to two modules, so that this is the gradient of the whole.
    func learnLearners(_ batch: Batch) throws -> StepValues {
        let parts = try parts(batch)
        if parts.count == 1 {
            let slots = try taughtSlots(batch)
            let loss = try inPrecision {
                let losses = try Tensor.stacked(slots.map(distillationLoss))
                return try losses.scaled(by: share.weights(.stacked(slots.map { try $0.count() }))).mean()
            }
            try backward(loss, isLast: true)
            return [("loss", try loss.detach())]
        }
        var sums: [SlotPlace: (error: Tensor, count: Tensor)] = [:]
        for (number, part) in parts.enumerated() {
            let slots = try taughtSlots(part)
            let loss = try inPrecision {
                try Tensor.stacked(
                    slots.map { slot in
                        let count = try slot.count()
                        let error = try distillationLoss(slot) * count
                        let before = sums[slot.place]
                        sums[slot.place] = (
                            try before.map { try $0.error + error.detach() } ?? error.detach(),
                            try before.map { try $0.count + count } ?? count
                        )
                        return error
                    }
                ).mean()
            }
            try backward(loss, isLast: number == parts.count - 1)
        }
        let known = modules.compactMap { place, module in sums[place].map { (module, $0) } }
        let errors = try share.total(.stacked(known.map(\.1.error)))  // [modules]
        let counts = try share.total(.stacked(known.map(\.1.count)))
        for ((module, _), count) in zip(known, try counts.unstacked()) {
            // The gradients are means over the processes.
            try scaleGradients(
                of: module.learners.parameters.map(\.tensor),
                by: count.power(-1) * Double(share.processCount))
        }
        return try [("loss", (errors / counts).mean())]
    }

    private func distillationLoss(_ slot: TaughtSlot) throws -> Tensor {
        try ConversionLoss.distillation(
            slot.module.learners, input: slot.input, target: slot.target,
            greedy: options.distillation.greedy, weights: slot.weights)
    }
}
