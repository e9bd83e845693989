import AdaptiveComputation
import Foundation
import Torch
import Transformers

/// A vision model that merges like patches between its blocks, as many as a budget asks for; nothing is
/// trained.
///
/// After each block the same number of patches is lost, as long as each has another to merge with. The
/// original merges by keys within a block, before its feed-forward; here it is by states and after it.
///
/// - Inputs and outputs: those of the model; without a head the last hidden states are of the tokens that are
///   left.
/// - Source: ToMe, Bolya et al. 2023 (arXiv 2210.09461).
public struct TokenMergingModel: WrappingModel {
    public internal(set) var base: any TransformerModel
    private let costs = BlockCosts()
    static let key = "token_merging"

    /// - Throws: `ModelError.invalidSlot(_:)` for a model that is not of images, or whose head takes the patches.
    public init(_ base: any TransformerModel) throws {
        guard base is ViTModel || (base as? DINOv2Model)?.classifier == nil && base is DINOv2Model else {
            throw ModelError.invalidSlot(
                "Tokens are merged in models of images whose head takes no patches: ViT, DeiT, or DINOv2 "
                    + "without a classifier.")
        }
        self.base = base
    }

    var added: [(name: String, layer: any Layer)] { [] }

    public func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs {
        let adaptive = pass as? AdaptivePass
        var counts: [Int]?
        pass.betweenBlocks = { [weak pass] block, flow in
            guard let pass else { return true }
            let known =
                try counts
                ?? schedule(
                    flow.states.size(1), leadingCount: pass.leadingTokenCount, budget: adaptive?.budget ?? 1)
            counts = known
            if block + 1 < known.count {
                try TokenMerge.merge(
                    &flow, count: known[block] - known[block + 1], leadingCount: pass.leadingTokenCount)
            }
            return true
        }
        defer { pass.betweenBlocks = nil }
        let outputs = try base(inputs, pass)
        if let adaptive, let counts {
            adaptive.sampleCosts = {
                Array(repeating: try costs.total(base, counts), count: inputs.sampleCount)
            }
        }
        return outputs
    }

    /// The tokens of each block such that the cost comes nearest to the budget from below.
    private func schedule(_ tokenCount: Int, leadingCount: Int, budget: Double) throws -> [Int] {
        func counts(_ rate: Double) -> [Int] {
            var counts = [tokenCount]
            for block in 1..<max(dimensions.blockCount, 1) {
                let wanted = Int(Double(block) * rate) - Int(Double(block - 1) * rate)
                let patches = counts[block - 1] - leadingCount
                counts.append(counts[block - 1] - min(wanted, patches / 2))
            }
            return counts
        }
        let limit = try budget * costs.total(base, counts(0))
        var (low, high) = (0.0, Double(tokenCount))
        guard budget < 1 else { return counts(0) }
        for _ in 0..<30 {
            let middle = (low + high) / 2
            if try costs.total(base, counts(middle)) > limit { low = middle } else { high = middle }
        }
        return counts(high)
    }

    /// Writes a folder with the weights of a dense model that merges tokens.
    ///
    /// - Throws: `ModelError` for models that cannot, and what reading and writing throw.
    public static func convert(_ source: URL, to output: URL) throws {
        try DenseBase.check(source)
        var model = try TokenMergingModel(ModelFolder.load(source, type: nil))
        if case .object(var object) = model.configuration {
            object[key] = [:]
            model.configuration = .object(object)
        }
        try AdaptiveModel(dense: model).save(to: output, copyingFrom: source)
    }

    /// Reads a folder that ``convert(_:to:)`` wrote.
    ///
    /// - Returns: nil for a folder of another kind.
    /// - Throws: `ModelError`, `JSONError`, `SafetensorsError` or `FileError`.
    public static func load(
        _ folder: URL, type: DataType? = .float32, device: Device = .cpu
    ) throws -> AdaptiveModel? {
        guard try JSONValue(contentsOf: folder.appendingPathComponent("config.json"))[key] != nil else {
            return nil
        }
        return AdaptiveModel(
            dense: try TokenMergingModel(ModelFolder.load(folder, type: type, device: device)))
    }
}
