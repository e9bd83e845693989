import AdaptiveComputation
import Conversion
import Torch
import Transformers

/// Makes the tokens of a dense classifier halt around a depth.
///
/// The whole model learns: from labels and from the dense classifier, to halt, and to halt where it is asked to.
/// The run can be stopped at any moment and called again with the same arguments: it goes on from its last
/// checkpoint.
///
/// - Source: A-ViT, Yin et al. 2022 (arXiv 2112.07658); as compared with in Wójcik et al. 2025, section 4.
public struct TokenHaltingTrainer {
    let run: BaselineRun
    let options: TokenHaltingOptions

    public init(_ run: BaselineRun, options: TokenHaltingOptions) {
        self.run = run
        self.options = options
    }

    /// Trains and writes the model to the output folder.
    ///
    /// - Throws: `ConversionError` and what model and data throw; a checkpoint stays.
    @discardableResult
    public func callAsFunction() throws -> AdaptiveModel {
        try options.validate()
        let dense = try run.loadBase()
        let model = try TokenHaltingModel(ModelFolder.load(run.base, device: run.device))
        let blockCount = model.dimensions.blockCount
        guard (1...Double(blockCount)).contains(options.depth) else {
            throw ConversionError.option(
                "depth must lie among the \(blockCount) blocks of the model, found \(options.depth)")
        }
        try model.halting.move(to: run.device)
        try start(model)
        let loop = try run.loop(dense, options, options.task)
        let mixture = options.task.mixture
        let stage = try run.stage(
            "halting", model, parameters: model.namedParameters(), options.optimisation, options.task,
            number: 0, usesLabels: true
        ) { [options] part in
            let (pass, teacherPass) = (ForwardPass(), ForwardPass())
            let target = try withoutGradients { try dense(part.inputs, teacherPass) }
            let (outputs, shares, ran) = try model.train(part.inputs, pass)
            let task = try Objective.classification.loss(
                student: (outputs, pass), teacher: (target, teacherPass), labels: part.labels, mixture)
            return try task + HaltingLoss.ponder(shares, ran: ran) * options.ponderWeight
                + HaltingLoss.distribution(
                    shares, ran: ran, depth: options.depth, deviation: options.deviation)
                * options.distributionWeight
        }
        _ = try loop.run(stage)
        let saved = try run.save(
            model, TokenHaltingModel.key, ["depth": .number(options.depth)], options,
            as: "token_halting.yaml")
        try loop.finish()
        return saved
    }

    /// Lets scores begin where no token halts early, as the first samples' first channels have it.
    private func start(_ model: TokenHaltingModel) throws {
        let first = try run.dataset.batch(Array(0..<min(run.dataset.count, 64))).to(run.device)
        try withoutGradients {
            let pass = ForwardPass(keepsHiddenStates: true)
            _ = try model.base(first.inputs, pass)
            let values = try Tensor.stacked(pass.hiddenStates.dropFirst().map { try $0.select(0, axis: 2) })
                .to(nil, .float64)
            let mean = try values.mean()
            let deviation = try (values - mean).square().mean().squareRoot().item(Double.self)
            try model.halting.start(mean: mean.item(Double.self), deviation: max(deviation, 1e-6))
        }
    }
}
