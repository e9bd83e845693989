import AdaptiveComputation
import Conversion
import Datasets
import Foundation
import Torch
import Transformers

/// Turns the feed-forwards of a dense model into mixtures of experts.
///
/// First the model learns, from labels and from itself, to do with ReLU in the place of its activation. Then
/// the neurons of each feed-forward are parted into experts by their weights, and a router for each learns
/// which experts are active. The run can be stopped at any moment and called again with the same arguments: it
/// goes on from its last checkpoint.
///
/// - Source: Zhang et al. 2022 (arXiv 2110.01786); as compared with in Wójcik et al. 2025, section 4.
public struct MoEficationTrainer {
    let run: BaselineRun
    let options: MoEficationOptions

    public init(_ run: BaselineRun, options: MoEficationOptions) {
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
        let checkpoint = try SafetensorsCheckpoint(run.base)
        let relu = try ModelFolder.makeModel(
            configuration: MoEfication.withReLU(dense.configuration),
            source: run.base.appendingPathComponent("config.json").relativePath,
            hasTensor: { checkpoint.find($0) != nil })
        try relu.load(checkpoint, from: run.base, type: .float32, device: run.device)
        var experts = relu
        try MoEfication(options).replaceFeedForwards(of: &experts)
        try experts.move(to: run.device)
        let loop = try run.loop(dense, options, options.task)
        if loop.saved?.stage != "routers" {
            let adaptation = try run.stage(
                "relu", relu, parameters: relu.namedParameters(), options.relu, options.task, number: 0,
                usesLabels: true, loss: run.taskLoss(relu, teacher: dense, options.task))
            _ = try loop.run(adaptation)
            try part(relu, into: experts)
        }
        _ = try loop.run(routing(experts))
        let model = try run.save(
            experts, MoEfication.key, MoEfication(options).json, options, as: "moefication.yaml")
        try loop.finish()
        return model
    }

    /// Parts the neurons of each feed-forward and copies all parameters; routers are drawn.
    private func part(_ relu: any TransformerModel, into experts: any TransformerModel) throws {
        try Runtime.seed(options.task.seed)
        let known = Dictionary(
            relu.namedParameters().map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        try withoutGradients {
            for (name, parameter) in experts.namedParameters() {
                if let tensor = known[name] { try parameter.copyInPlace(from: tensor) }
            }
            for place in experts.slotPlaces {
                guard let slot = experts.slot(at: place) as? ExpertFeedForward,
                    let dense = relu.slot(at: place) as? FeedForward
                else { continue }
                let order = try Tensor(
                    BalancedKMeans.cluster(
                        dense.up.weight, clusterCount: slot.partCount, seed: options.task.seed)
                ).to(run.device)
                try slot.w1.copyInPlace(from: dense.up.weight.entries(order))
                try slot.w2.copyInPlace(from: dense.down.weight.entries(order, axis: 1))
                if let bias = dense.up.bias { try slot.b1.copyInPlace(from: bias.entries(order)) }
                if let bias = dense.down.bias { try slot.bias.copyInPlace(from: bias) }
                for layer in slot.router { try layer.reset() }
            }
        }
    }

    /// The training of the routers, all from one pass of the model.
    private func routing(_ experts: any TransformerModel) throws -> PartwiseTraining {
        let slots = experts.slotPlaces.compactMap { place in
            (experts.slot(at: place) as? ExpertFeedForward).map { (place: place, slot: $0) }
        }
        let parameters = slots.flatMap { entry in
            entry.slot.router.enumerated().flatMap { number, layer in
                layer.namedParameters(prefix: "\(entry.place).moe.router.\(number).")
            }
        }
        return try run.stage(
            "routers", experts, parameters: parameters, options.routers, options.task, number: 1,
            usesLabels: false
        ) { part in
            var inputs: [SlotPlace: Tensor] = [:]
            let pass = AdaptivePass()
            pass.observe = { pass, place, input, _ in inputs[place] = try pass.realRows(of: input, at: place)
            }
            _ = try withoutGradients { try experts(part.inputs, pass) }
            let losses = try slots.compactMap { place, slot in
                try inputs[place].map { rows in
                    try Loss.binaryCrossEntropy(
                        slot.scores(rows).to(nil, .float32), withoutGradients { try slot.activity(rows) })
                }
            }
            return try Tensor.stacked(losses).mean()
        }
    }
}
