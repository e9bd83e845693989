import AdaptiveComputation
import Foundation
import Torch
import Transformers

/// A classifier in which tokens halt: after every block each adds to its halting score, and goes no further
/// once that reaches 1.
///
/// After block l a token adds `h_l = σ(scale · x_0 + shift)`, `x_0` its first channel; in the last block what
/// is left to 1. The head takes the class token's `Σ_l p_l · x_l`, where p is h, and at the block at which it
/// halts what was left to 1. At inference halted tokens are no longer there for the others; where the class
/// token halts the sample is done. The depth is trained for: budgets change nothing.
///
/// - Inputs and outputs: those of the classifier.
/// - Parameters: those of the classifier, `halting.scale []` and `halting.shift []`.
/// - Source: A-ViT, Yin et al. 2022 (arXiv 2112.07658), equations 3 to 9.
public struct TokenHaltingModel: WrappingModel {
    public internal(set) var base: any TransformerModel
    public let halting: HaltingScore
    private let costs = BlockCosts()
    /// A token whose score is this near to 1 halts.
    static let tolerance = 0.01
    static let key = "token_halting"

    /// - Throws: `ModelError.invalidSlot(_:)` for a model whose head takes more than its first token.
    public init(_ base: any TransformerModel) throws {
        let hasOneToken = (base as? ViTModel).map { $0.classifier != nil && $0.distillationClassifier == nil }
        guard hasOneToken ?? ((base as? BERTModel)?.classifier != nil) else {
            throw ModelError.invalidSlot(
                "Tokens halt in classifiers of the first token: BERT, ViT, or DeiT without a teacher's head.")
        }
        self.base = base
        halting = try HaltingScore()
    }

    var added: [(name: String, layer: any Layer)] { [("halting", halting)] }

    public func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs {
        let run = HaltingRun(halting, blockCount: dimensions.blockCount)
        pass.betweenBlocks = { try run.halt(after: $0, &$1) }
        defer { pass.betweenBlocks = nil }
        let outputs = try base(inputs, pass)
        if let pass = pass as? AdaptivePass {
            pass.sampleCosts = {
                try run.tokenCounts(inputs.sampleCount).map { try costs.total(base, $0) }
            }
        }
        return outputs
    }

    /// Runs all tokens through all blocks, those that have halted without effect, for training.
    ///
    /// - Returns: the classifier's outputs; the shares p of the tokens and 1 where they ran,
    ///   `[blocks, batch, tokens]` float32.
    func train(
        _ inputs: ModelInputs, _ pass: ForwardPass
    ) throws -> (outputs: ModelOutputs, shares: Tensor, ran: Tensor) {
        let training = HaltingTraining(halting, blockCount: dimensions.blockCount)
        pass.betweenBlocks = { try training.halt(after: $0, &$1) }
        defer { pass.betweenBlocks = nil }
        let outputs = try base(inputs, pass)
        return (outputs, try .stacked(training.shares), try .stacked(training.ran))
    }

    /// Reads a folder that ``TokenHaltingTrainer`` wrote.
    ///
    /// - Returns: nil for a folder of another kind.
    /// - Throws: `ModelError`, `JSONError`, `SafetensorsError` or `FileError`.
    public static func load(
        _ folder: URL, type: DataType? = .float32, device: Device = .cpu
    ) throws -> AdaptiveModel? {
        let file = folder.appendingPathComponent("config.json")
        let configuration = try JSONValue(contentsOf: file)
        guard configuration[key] != nil else { return nil }
        let checkpoint = try SafetensorsCheckpoint(folder)
        let model = try TokenHaltingModel(
            ModelFolder.makeModel(
                configuration: configuration, source: file.relativePath,
                hasTensor: { checkpoint.find($0) != nil }))
        try model.load(checkpoint, from: folder, type: type, device: device)
        return AdaptiveModel(dense: model)
    }
}

/// `σ(scale · x_0 + shift)` of tokens.
public struct HaltingScore: Layer {
    public let scale: Tensor
    public let shift: Tensor

    init() throws {
        scale = try .empty([])
        shift = try .empty([])
    }

    public var parameters: [(name: String, tensor: Tensor)] { [("scale", scale), ("shift", shift)] }

    /// - Parameter states: `[batch, tokens, width]`.
    /// - Returns: `[batch, tokens]` float32.
    func callAsFunction(_ states: Tensor) throws -> Tensor {
        let first = try states.select(0, axis: 2).to(nil, .float32)
        return try (first * scale.to(nil, .float32) + shift.to(nil, .float32)).sigmoid()
    }

    /// Starts such that no token halts early.
    ///
    /// - Parameters:
    ///   - mean: of the tokens' first channel.
    ///   - deviation: the same channel's, above 0.
    func start(mean: Double, deviation: Double) throws {
        try withoutGradients {
            try scale.fillInPlace(2 / deviation)
            try shift.fillInPlace(-2 * mean / deviation - 6)
        }
    }
}
