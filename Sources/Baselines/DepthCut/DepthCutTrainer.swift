import AdaptiveComputation
import Conversion
import Foundation
import Torch
import Transformers

/// Makes a smaller dense model: some blocks of a model, evenly spaced, which learn to do without the others.
///
/// What comes out is an ordinary folder. The run can be stopped at any moment and called again with the same
/// arguments: it goes on from its last checkpoint.
public struct DepthCutTrainer {
    let run: BaselineRun
    let options: DepthCutOptions

    public init(_ run: BaselineRun, options: DepthCutOptions) {
        self.run = run
        self.options = options
    }

    /// Trains and writes the model to the output folder.
    ///
    /// - Throws: `ConversionError` and what model and data throw; a checkpoint stays.
    @discardableResult
    public func callAsFunction() throws -> any TransformerModel {
        try options.validate()
        let dense = try run.loadBase()
        let cut = try Self.cut(dense, blockCount: options.blocks)
        let loop = try run.loop(dense, options, options.task)
        let stage = try run.stage(
            "training", cut, parameters: cut.namedParameters(), options.optimisation, options.task, number: 0,
            usesLabels: true, loss: run.taskLoss(cut, teacher: dense, options.task))
        _ = try loop.run(stage)
        try cut.setRequiresGradient(false)
        try AdaptiveModel(dense: cut).save(to: run.output, copyingFrom: run.base)
        try AtomicFile.write(
            Data(options.yaml().utf8), to: run.output.appendingPathComponent("depth_cut.yaml"))
        try loop.finish()
        return cut
    }

    /// The blocks that are kept of a model: the first, the last, and others evenly between.
    static func kept(_ count: Int, of blockCount: Int) -> [Int] {
        count == 1 ? [0] : (0..<count).map { ($0 * (blockCount - 1) + (count - 1) / 2) / (count - 1) }
    }

    /// A model with copies of some blocks of another.
    ///
    /// - Throws: `ConversionError.option(_:)` for more blocks than there are, and for a model whose
    ///   `config.json` does not count its blocks by `num_hidden_layers`.
    static func cut(_ dense: any TransformerModel, blockCount: Int) throws -> any TransformerModel {
        let stacks = dense.dimensions.stacks
        guard case .object(var object) = dense.configuration, object["num_hidden_layers"] != nil,
            stacks.count == 1
        else {
            throw ConversionError.option("Blocks are left out of models of one stack alone")
        }
        guard blockCount <= stacks[0].blockCount else {
            throw ConversionError.option(
                "blocks must be at most the model's \(stacks[0].blockCount), found \(blockCount)")
        }
        let kept = kept(blockCount, of: stacks[0].blockCount)
        object["num_hidden_layers"] = .integer(blockCount)
        let known = Dictionary(
            dense.namedParameters().map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        let names = try Set(dense.checkpointParameters().map(\.name))
        let cut = try ModelFolder.makeModel(
            configuration: .object(object), source: "config.json", hasTensor: names.contains)
        try withoutGradients {
            for (name, parameter) in cut.namedParameters() {
                var parts = name.split(separator: ".").map(String.init)
                if parts.count > 1, parts[0] == "blocks", let number = Int(parts[1]) {
                    parts[1] = "\(kept[number])"
                }
                if let tensor = known[parts.joined(separator: ".")] { try parameter.adopt(tensor.clone()) }
            }
        }
        return cut
    }
}
