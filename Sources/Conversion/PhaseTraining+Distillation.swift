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
            let loss = try inPrecision {
                try Tensor.stacked(taughtSlots(batch).map(distillationLoss)).mean()
            }
            try loss.backward()
            return [("loss", try loss.detach())]
        }
        var sums: [SlotPlace: (error: Tensor, count: Tensor)] = [:]
        for part in parts {
            let loss = try inPrecision {
                let slots = try taughtSlots(part)
                return try Tensor.stacked(
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
            try loss.backward()
        }
        let known = modules.compactMap { place, module in sums[place].map { (module, $0) } }
        for (module, sum) in known {
            try scaleGradients(
                of: module.learners.parameters.map(\.tensor), by: sum.count.power(-1))
        }
        return [("loss", try Tensor.stacked(known.map { try $0.1.error / $0.1.count }).mean())]
    }

    private func distillationLoss(_ slot: TaughtSlot) throws -> Tensor {
        try ConversionLoss.distillation(
            slot.module.learners, input: slot.input, target: slot.target,
            greedy: options.distillation.greedy, weights: slot.weights)
    }
}
