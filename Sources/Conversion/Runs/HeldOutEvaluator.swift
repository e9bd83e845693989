import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// Measures a model in training on samples that it does not train on.
struct HeldOutEvaluator {
    let dataset: any Dataset
    let model: AdaptiveModel
    let teacher: AdaptiveModel
    let options: ConversionOptions
    let device: Device
    let loading: LoadingOptions

    /// The budgets that the options name, or the only one that the model is trained for.
    private var budgets: [Double] {
        let settings = options.finetuning
        if options.uniformLearners > 0 { return [1] }
        let isOne = !options.budgetConditioned || settings.lowestBudget == settings.highestBudget
        return isOne ? [settings.budget(at: 0.5)] : options.heldOut.budgets
    }

    /// - Parameters:
    ///   - step: how many steps of phase III are done.
    ///   - control: of the load, if it has one.
    /// - Throws: ``ConversionError/notFinite(phase:step:)`` where a loss is not finite.
    func evaluate(step: Int, control: BudgetControl? = nil) throws -> HeldOutEvaluation {
        let settings = options.finetuning
        let objective = try Objective(model.network)
        let size =
            settings.optimisation.microBatchSize > 0
            ? settings.optimisation.microBatchSize : settings.optimisation.batchSize
        let loader = try BatchLoader(
            dataset, .inOrder(dataset.batchesInOrder(size: size)), device: device, options: loading)
        var losses: [[Tensor]] = budgets.map { _ in [] }  // of each batch, times its samples
        var meters = budgets.map { _ in LoadMeter(model) }
        var count = 0
        try withoutGradients {
            while let batch = try loader.next() {
                try withAutocast(options.precision == .bfloat16 ? .bfloat16 : nil, on: device) {
                    let teacherPass = ForwardPass()
                    let target =
                        try settings.distillationWeight > 0
                        ? (teacher(batch.inputs, teacherPass), teacherPass) : nil
                    for (index, budget) in budgets.enumerated() {
                        let pass = AdaptivePass(budget: budget, shift: try control?.shift(at: budget))
                        let outputs = try model(batch.inputs, pass)
                        let loss = try objective.loss(
                            student: (outputs, pass), teacher: target, labels: batch.labels, settings)
                        losses[index].append(try loss.to(nil, .float32) * Double(batch.sampleCount))
                        try meters[index].add(pass)
                    }
                }
                count += batch.sampleCount
            }
        }
        guard count > 0 else { throw ConversionError.data("No held-out sample can be read") }
        let scores = try budgets.indices.map { index in
            let loss = try Tensor.stacked(losses[index]).sum().item(Double.self) / Double(count)
            return HeldOutEvaluation.Score(
                budget: budgets[index], loss: loss, load: meters[index].load)
        }
        guard scores.allSatisfy(\.loss.isFinite) else {
            throw ConversionError.notFinite(phase: "finetuning on held-out data", step: step)
        }
        return HeldOutEvaluation(step: step, scores: scores, budgetWeight: settings.budgetWeight)
    }
}
