import AdaptiveComputation
import Conversion
import Datasets
import Foundation
import Torch
import Transformers

/// Puts exits on a dense classifier, which itself stays as it is.
///
/// First the exits learn, all together, from labels and from the classifier's own head; then the weights of
/// their ensembles; then the thresholds are found that keep budgets on training data. The run can be stopped at
/// any moment and called again with the same arguments: it goes on from its last checkpoint.
///
/// - Source: Wołczyk et al. 2021 (arXiv 2106.05409); as compared with in Wójcik et al. 2025, section 4.
public struct EarlyExitTrainer {
    let run: BaselineRun
    let options: EarlyExitOptions

    public init(_ run: BaselineRun, options: EarlyExitOptions) {
        self.run = run
        self.options = options
    }

    /// Trains and writes the model to the output folder.
    ///
    /// - Returns: the budgets that it can keep.
    /// - Throws: `ConversionError` and what model and data throw; a checkpoint stays.
    @discardableResult
    public func callAsFunction() throws -> ClosedRange<Double> {
        try options.validate()
        guard let classCount = try ModelFolder.classNames(run.base)?.count else {
            throw ConversionError.order("\(run.base.relativePath) is no classifier: exits are classifiers")
        }
        let dense = try run.loadBase()
        var model = try EarlyExitModel(dense, classCount: classCount)
        try Runtime.seed(options.task.seed)
        for exit in model.exits { try exit.reset() }
        for ensemble in model.ensembles { try ensemble.reset() }
        for layer in model.exits { try layer.move(to: run.device) }
        for layer in model.ensembles { try layer.move(to: run.device) }
        let loop = try run.loop(dense, options, options.task)
        if loop.saved?.stage != "ensembles" {
            let exits = try stage(
                "exits", model, model.exits.enumerated().map { ("exits.\($0)", $1) }, options.exits, number: 0
            ) { $0.dropLast() }
            _ = try loop.run(exits)
        }
        let ensembles = try stage(
            "ensembles", model, model.ensembles.enumerated().map { ("ensembles.\($0)", $1) },
            options.ensembles, number: 1
        ) { [model] in try model.ensembleLogits($0) }
        _ = try loop.run(ensembles)
        try model.setRequiresGradient(false)
        let thresholds = try calibrate(model)
        model.thresholds = thresholds
        let description: JSONValue = [
            "classes": .integer(classCount), "budgets": .array(thresholds.budgets.map { .number($0) }),
            "thresholds": .array(thresholds.thresholds.map { .number($0) }),
        ]
        _ = try run.save(model, EarlyExitModel.key, description, options, as: "early_exit.yaml")
        try loop.finish()
        return (thresholds.budgets.first ?? 1)...1
    }

    /// A stage in which all answers learn alike.
    ///
    /// - Parameters:
    ///   - layers: what learns.
    ///   - answers: of the logits of all exits those that are to be right.
    private func stage(
        _ name: String, _ model: EarlyExitModel, _ layers: [(name: String, layer: any Layer)],
        _ optimisation: ConversionOptions.Optimisation, number: UInt64,
        answers: @escaping ([Tensor]) throws -> [Tensor]
    ) throws -> PartwiseTraining {
        let mixture = options.task.mixture
        return try run.stage(
            name, model, parameters: layers.flatMap { $0.layer.namedParameters(prefix: $0.name + ".") },
            optimisation, options.task, number: number, usesLabels: true
        ) { part in
            let pass = ForwardPass(keepsHiddenStates: true)
            let outputs = try withoutGradients { try model.base(part.inputs, pass) }
            let losses = try answers(model.exitLogits(outputs, pass)).map { logits in
                try Objective.classification.loss(
                    student: (ModelOutputs([("logits", logits)]), pass), teacher: (outputs, pass),
                    labels: part.labels, mixture)
            }
            return try Tensor.stacked(losses).mean()
        }
    }

    /// Runs training samples through all blocks and finds thresholds for budgets.
    private func calibrate(_ model: EarlyExitModel) throws -> ExitThresholds {
        var random = SplitMix64(seed: options.task.seed)
        let samples = Array(run.dataset.order(&random).prefix(options.calibrationSamples))
        var confidences: [[Double]] = []
        var costs: [[Double]] = []
        var denseCosts: [Double] = []
        let exitCount = model.exits.count
        try withoutGradients {
            for start in stride(from: 0, to: samples.count, by: 64) {
                let batch = try run.dataset.batch(Array(samples[start..<min(start + 64, samples.count)]))
                    .to(run.device)
                let pass = ForwardPass(keepsHiddenStates: true)
                let outputs = try model.base(batch.inputs, pass)
                let answers = try model.ensembleLogits(model.exitLogits(outputs, pass)).dropLast()
                let sure = try Tensor.stacked(
                    answers.map { try $0.softmax().maximum(axes: [1]) }, axis: 1
                ).array(of: Double.self)  // [batch, exits]
                let tokenCounts = try pass.tokenCounts(sampleCount: batch.sampleCount) ?? []
                for (row, tokens) in tokenCounts.enumerated() {
                    confidences.append(Array(sure[row * exitCount..<(row + 1) * exitCount]))
                    costs.append(try model.costs(tokenCount: tokens))
                    denseCosts.append(
                        try ModelCost(AdaptiveModel(dense: model.base), tokenCount: tokens).total())
                }
            }
        }
        return ExitThresholds(confidences: confidences, costs: costs, denseCosts: denseCosts)
    }
}
