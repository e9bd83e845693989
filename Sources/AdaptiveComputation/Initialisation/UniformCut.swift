import Torch
import Transformers

extension AdaptiveModel {
    /// The uniform-width cut: of each module the first learners alone, all of which every token runs. It
    /// costs what this model costs where every gate chooses so many, and has no budgets.
    ///
    /// - Parameter learnerCount: how many each module keeps.
    /// - Returns: a model with copies of what the modules keep; it shares the other parameters.
    /// - Throws: `ModelError.invalidSlot(_:)` for a module that has fewer.
    public func uniformCut(learnerCount: Int) throws -> AdaptiveModel {
        guard var cut = configuration else { return self }
        cut.isBudgetConditioned = false
        for module in cut.modules where !(1...module.learnerCount).contains(learnerCount) {
            throw ModelError.invalidSlot(
                "\(module.place) has \(module.learnerCount) learners and cannot keep \(learnerCount).")
        }
        for index in cut.modules.indices {
            cut.modules[index].learnerCount = learnerCount
            cut.modules[index].minimumChoice = learnerCount
        }
        let model = try AdaptiveModel(network, cut)
        try withoutGradients {
            for ((_, whole), (_, kept)) in zip(modules, model.modules) {
                let hidden = 0..<learnerCount * kept.learners.learnerWidth
                try kept.move(to: whole.learners.w1.device)
                try kept.learners.w1.copyInPlace(from: whole.learners.w1.slice(hidden, axis: 0))
                try kept.learners.b1.copyInPlace(from: whole.learners.b1.slice(hidden, axis: 0))
                try kept.learners.w2.copyInPlace(from: whole.learners.w2.slice(hidden, axis: 1))
                try kept.learners.bias.copyInPlace(from: whole.learners.bias)
                try kept.gate.reset()
            }
        }
        return model
    }
}
