import AdaptiveComputation
import Torch
import Transformers

/// What cutting one module alone to fewer learners does to a model's output.
///
/// The effect is phase III's loss of the dense model's outputs at temperature 1 and without labels:
/// `KL(dense ‖ cut)` of the distributions over classes, tokens or letters, mean over samples or
/// real tokens; of embeddings ten times one minus the cosine.
public struct ModuleEffects {
    private let model: AdaptiveModel
    private let dense: AdaptiveModel
    private let objective: Objective
    private let settings: ConversionOptions.Finetuning

    /// - Parameters:
    ///   - model: with the modules to measure.
    ///   - dense: the model that it came from, on the same device.
    public init(_ model: AdaptiveModel, dense: AdaptiveModel) throws {
        self.model = model
        self.dense = dense
        objective = try Objective(dense.network)
        var settings = ConversionOptions.Finetuning()
        settings.distillationWeight = 1
        settings.distillationTemperature = 1
        self.settings = settings
    }

    /// What was measured.
    public struct Measurement: Sendable {
        /// For each module, in the order of the configuration, its effects from its fewest learners on:
        /// means over batches.
        public let effects: [[Double]]
        /// Mean number of real tokens of a sample in the model's last stack.
        public let tokenCount: Int
    }

    /// Runs the dense model on some batches, and on each of them every module alone with every number of
    /// learners that it may have.
    ///
    /// - Throws: ``ConversionError/data(_:)`` where there is no batch.
    public func measure(_ batches: [ModelInputs]) throws -> Measurement {
        guard !batches.isEmpty else { throw ConversionError.data("There is no data to measure modules on") }
        let modules = model.modules
        var sums = modules.map {
            Array(repeating: 0.0, count: $0.module.learners.count + 1 - $0.module.minimumChoice)
        }
        var counts: [TokenCount] = []
        try withoutGradients {
            for inputs in batches {
                let (target, count) = try runDense(inputs)
                counts.append(count)
                for (number, (place, module)) in modules.enumerated() {
                    var cut = dense.network
                    try cut.replaceSlot(at: place, with: module)
                    for index in sums[number].indices {
                        let pass = AdaptivePass(
                            mode: .fixed(module.minimumChoice + index), keepsHiddenStates: true)
                        let outputs = try cut(inputs, pass)
                        sums[number][index] += try objective.loss(
                            student: (outputs, pass), teacher: target, labels: nil, settings
                        ).item(Double.self)
                    }
                }
            }
        }
        return Measurement(
            effects: sums.map { $0.map { max(0, $0 / Double(batches.count)) } },
            tokenCount: Self.mean(counts))
    }

    /// Mean number of real tokens of a sample in the model's last stack.
    public func tokenCount(_ batches: [ModelInputs]) throws -> Int {
        Self.mean(try withoutGradients { try batches.map { try runDense($0).tokens } })
    }

    private typealias TokenCount = (real: Int, samples: Int)

    private static func mean(_ counts: [TokenCount]) -> Int {
        let samples = counts.reduce(0) { $0 + $1.samples }
        return Int((Double(counts.reduce(0) { $0 + $1.real }) / Double(max(samples, 1))).rounded())
    }

    private func runDense(_ inputs: ModelInputs) throws -> (
        target: (outputs: ModelOutputs, pass: ForwardPass), tokens: TokenCount
    ) {
        let pass = ForwardPass(keepsHiddenStates: true)
        let last = dense.network.dimensions.stacks.last?.stack
        var tokens: TokenCount = (0, 0)
        pass.observe = { pass, place, input, _ in
            guard tokens.samples == 0, place.tokenStack == last else { return }
            tokens = (try pass.realRows(of: input, at: place).size(0), try input.size(0))
        }
        return ((try dense(inputs, pass), pass), tokens)
    }

    /// What each module could save and at which effect.
    ///
    /// - Parameters:
    ///   - effects: for each module, as ``measure(_:)`` gives them.
    ///   - tokenCount: tokens of a sample in the last stack.
    public func candidates(_ effects: [[Double]], tokenCount: Int) throws -> [ModuleCandidate] {
        let cost = try ModelCost(model, tokenCount: tokenCount)
        let denseCost = try ModelCost(dense, tokenCount: tokenCount)
        return zip(model.modules, effects).compactMap { entry, effects in
            guard let adaptive = cost.adaptive[entry.place], let dense = denseCost.dense[entry.place] else {
                return nil
            }
            return ModuleCandidate(
                place: entry.place, denseCost: Double(dense),
                choices: effects.enumerated().map { index, effect in
                    let count = entry.module.minimumChoice + index
                    return ModuleCandidate.Choice(
                        learnerCount: count, cost: Double(adaptive.gate + count * adaptive.learner),
                        effect: effect)
                })
        }
    }
}
