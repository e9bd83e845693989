import AdaptiveComputation
import Torch
import Transformers

/// The tokens of one sample and the load that each got.
public struct TokenLoads: Sendable, Equatable {
    public let budget: Double
    public let tokens: [String]
    /// For each token `Σ p·k / Σ p·N` over the modules, `p` the cost of a learner; 0…1.
    public let loads: [Double]
    /// The same in each block that has adaptive modules; empty where that was not looked at.
    public let blocks: [BlockLoads]

    /// - Throws: ``EvaluationError/mismatch(_:)`` unless there is one load for each token.
    public init(budget: Double, tokens: [String], loads: [Double], blocks: [BlockLoads] = []) throws {
        for loads in [loads] + blocks.map(\.loads) where tokens.count != loads.count {
            throw EvaluationError.mismatch("\(tokens.count) tokens have \(loads.count) loads")
        }
        self.blocks = blocks
        self.budget = budget
        self.tokens = tokens
        self.loads = loads
    }

    /// Mean over the tokens.
    public var load: Double { loads.reduce(0, +) / Double(max(loads.count, 1)) }

    /// Runs a model and reads what each token got.
    ///
    /// - Parameters:
    ///   - model: an adaptive one.
    ///   - inputs: on the model's device; padding, if any, stands after the real tokens.
    ///   - tokens: for each sample the texts of its real tokens, special ones included.
    ///   - budget: the load that is asked for, 0…1.
    public static func measure(
        _ model: AdaptiveModel, inputs: ModelInputs, tokens: [[String]], budget: Double
    ) throws -> [TokenLoads] {
        let pass = AdaptivePass(mode: .inference, budget: budget)
        _ = try withoutGradients { try model(inputs, pass) }
        return try read(pass, model, tokens: tokens)
    }

    /// What each token got in a pass that has run; see ``measure(_:inputs:tokens:budget:)``.
    ///
    /// - Parameter stack: whose tokens; modules that take the tokens of another do not count.
    static func read(
        _ pass: AdaptivePass, _ model: AdaptiveModel, tokens: [[String]], stack: BlockStack = .encoder
    ) throws -> [TokenLoads] {
        let decisions = pass.trace.filter { $0.place.tokenStack == stack }.compactMap { decision in
            (model.network.slot(at: decision.place) as? any PartitionedSlot).map { slot in
                (
                    block: decision.place.block,
                    choice: (
                        choices: decision.choices, learnerCost: slot.partCost, learnerCount: slot.partCount
                    )
                )
            }
        }
        let blocks = try Dictionary(grouping: decisions, by: \.block).sorted { $0.key < $1.key }
            .compactMap { block, decisions in
                try perToken(decisions.map(\.choice)).map { (block: block, loads: $0) }
            }
        guard let loads = try perToken(decisions.map(\.choice)) else {
            throw EvaluationError.mismatch("A dense model has no token loads")
        }
        let counts =
            try pass.tokenMasks[stack].map {
                try $0.to(.cpu, .int64).sum(axis: 1).array(of: Int.self)
            } ?? Array(repeating: loads.size(1), count: loads.size(0))
        guard counts == tokens.map(\.count) else {
            throw EvaluationError.mismatch(
                "The samples have \(counts) real tokens, texts are given for \(tokens.map(\.count))")
        }
        return try tokens.enumerated().map { row, texts in
            func values(_ loads: Tensor) throws -> [Double] {
                try loads.select(row, axis: 0).slice(0..<texts.count, axis: 0).array(of: Double.self)
            }
            return try TokenLoads(
                budget: pass.budget, tokens: texts, loads: values(loads),
                blocks: blocks.map { BlockLoads(block: $0.block, loads: try values($0.loads)) })
        }
    }

    /// The cost-weighted share of learners that ran for each token.
    ///
    /// - Parameter decisions: for each module its choices `[batch, tokens]`.
    /// - Returns: `[batch, tokens]` float32 on the host; nil without modules.
    static func perToken(
        _ decisions: [(choices: Tensor, learnerCost: Int, learnerCount: Int)]
    ) throws -> Tensor? {
        let available = Double(decisions.reduce(0) { $0 + $1.learnerCost * $1.learnerCount })
        guard let first = decisions.first, available > 0 else { return nil }
        var sum = try first.choices.to(.cpu, .float32).zerosLike()
        for decision in decisions {
            sum = try sum + decision.choices.to(.cpu, .float32) * (Double(decision.learnerCost) / available)
        }
        return sum
    }
}
