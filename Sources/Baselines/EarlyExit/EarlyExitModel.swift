import AdaptiveComputation
import Foundation
import Torch
import Transformers

/// A classifier with an exit after every block: samples leave at the first whose answer is sure enough.
///
/// The last exit is the classifier's own head. With a budget of 1 nobody leaves before; else the threshold
/// that calibration found for the budget decides. Without a calibrated threshold the budget 1 alone is known.
///
/// - Inputs and outputs: those of the classifier; `logits [batch, classes]` are the logarithms of the
///   ensemble's answer, to a constant.
/// - Source: Wołczyk et al. 2021 (arXiv 2106.05409).
public struct EarlyExitModel: WrappingModel {
    public internal(set) var base: any TransformerModel
    /// Of all blocks but the last.
    public let exits: [ExitHead]
    /// Of all blocks.
    public let ensembles: [ExitEnsemble]
    /// nil before calibration.
    public var thresholds: ExitThresholds?
    private let blockCosts = BlockCosts()

    static let key = "early_exit"

    /// Puts exits with undefined parameters on a classifier.
    ///
    /// - Throws: `ModelError.invalidSlot(_:)` for a model whose blocks cannot be left between.
    public init(_ base: any TransformerModel, classCount: Int) throws {
        let stacks = base.dimensions.stacks
        guard base is BERTModel || base is ViTModel || base is DINOv2Model, stacks.count == 1 else {
            throw ModelError.invalidSlot("Exits are for classifiers that are BERT, ViT, DeiT or DINOv2.")
        }
        self.base = base
        let blockCount = stacks[0].blockCount
        exits = try (0..<blockCount - 1).map {
            try ExitHead(width: stacks[0].width, classCount: classCount, isFirst: $0 == 0)
        }
        ensembles = try (0..<blockCount).map {
            try ExitEnsemble(exitCount: $0 + 1, classCount: classCount)
        }
    }

    var added: [(name: String, layer: any Layer)] {
        exits.enumerated().map { ("exits.\($0)", $1) }
            + ensembles.enumerated().map { ("ensembles.\($0)", $1) }
    }

    public func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs {
        let adaptive = pass as? AdaptivePass
        let threshold = thresholds?.threshold(at: adaptive?.budget ?? 1) ?? .infinity
        let run = ExitRun(self, threshold: threshold, sampleCount: inputs.sampleCount)
        pass.betweenBlocks = { try run.leave(after: $0, &$1) }
        defer { pass.betweenBlocks = nil }
        let outputs = try base(inputs, pass)
        try run.end(outputs.required("logits"))
        adaptive?.sampleCosts = { [unowned pass] in try costs(pass, inputs, run.depths()) }
        return ModelOutputs([("logits", try run.logits())])
    }

    /// Multiply-accumulates of samples that ran so many blocks each.
    private func costs(_ pass: ForwardPass, _ inputs: ModelInputs, _ depths: [Int]) throws -> [Double] {
        let tokens = try pass.tokenCounts(sampleCount: inputs.sampleCount) ?? []
        let perDepth = try Dictionary(
            uniqueKeysWithValues: Set(tokens).map { try ($0, costs(tokenCount: $0)) })
        return zip(tokens, depths).compactMap { perDepth[$0]?[$1 - 1] }
    }

    /// Multiply-accumulates of a sample that ran 1, 2, … blocks.
    ///
    /// - Parameter tokenCount: tokens of the sample.
    public func costs(tokenCount: Int) throws -> [Double] {
        let parts = try blockCosts.parts(base, tokenCount)
        return (1...ensembles.count).map { depth in
            let heads = Double(exits.prefix(depth).reduce(0) { $0 + $1.cost })
            let own = depth == ensembles.count ? parts.head : 0
            return parts.embedding + heads + own + Double(depth) * parts.block
        }
    }

    /// The logits of all exits, the classifier's own head among them.
    ///
    /// - Parameter pass: one that has kept hidden states.
    /// - Returns: for each block `[batch, classes]` float32.
    func exitLogits(_ outputs: ModelOutputs, _ pass: ForwardPass) throws -> [Tensor] {
        var logits: [Tensor] = []
        for (exit, states) in zip(exits, pass.hiddenStates.dropFirst()) {
            logits.append(try exit(states, mask: pass.tokenMask, before: logits.last).to(nil, .float32))
        }
        return logits + [try outputs.required("logits").to(nil, .float32)]
    }

    /// What each exit answers together with those before it.
    ///
    /// - Parameter logits: of all exits, each `[batch, classes]`.
    /// - Returns: logits of the same shapes.
    func ensembleLogits(_ logits: [Tensor]) throws -> [Tensor] {
        let known = try Tensor.stacked(logits.map { try $0.detach().logSoftmax() }, axis: 1)
        return try ensembles.enumerated().map { number, ensemble in
            try ensemble(known.slice(0..<number + 1, axis: 1))
        }
    }

    /// Reads a folder that ``EarlyExitTrainer`` wrote.
    ///
    /// - Returns: nil for a folder of another kind.
    /// - Throws: `ModelError`, `JSONError`, `SafetensorsError` or `FileError`.
    public static func load(
        _ folder: URL, type: DataType? = .float32, device: Device = .cpu
    ) throws -> AdaptiveModel? {
        let file = folder.appendingPathComponent("config.json")
        let configuration = try JSONValue(contentsOf: file)
        guard let object = configuration[key] else { return nil }
        let reader = try JSONObjectReader(object, source: file.relativePath, path: key)
        let checkpoint = try SafetensorsCheckpoint(folder)
        var model = try EarlyExitModel(
            ModelFolder.makeModel(
                configuration: configuration, source: file.relativePath,
                hasTensor: { checkpoint.find($0) != nil }),
            classCount: reader.integer("classes", in: 1...1_000_000))
        try model.load(checkpoint, from: folder, type: type, device: device)
        model.thresholds = try ExitThresholds(reader)
        return AdaptiveModel(dense: model)
    }
}
