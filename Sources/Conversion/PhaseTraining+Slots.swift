import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// What the dense model has at one adaptive module.
struct TaughtSlot {
    let place: SlotPlace
    let module: AdaptiveModule
    /// `[rows, inputWidth]`.
    let input: Tensor
    /// `[rows, outputWidth]`.
    let target: Tensor
    /// `[rows]` float32, 0 for padding; nil where all rows are real.
    let weights: Tensor?
    /// How much what the dense model says changes with the output, `[rows]` float32: see `Objective.points`. nil unless it
    /// was asked for.
    var sensitivity: Tensor?

    /// Real rows, a number without axes on the device.
    func count() throws -> Tensor {
        try weights?.sum() ?? .full([], Double(input.size(0)), device: input.device)
    }
}

extension PhaseTraining {
    /// One pass of the dense model; of each adaptive module its input and output, in the order of modules.
    ///
    /// On a CPU padding is left out; on a GPU it stays, with no weight, since picking rows would wait for
    /// the device to tell how many they are.
    ///
    /// - Parameter probe: the seed of a backward pass that finds sensitivities, and which of the whole batch its samples
    ///   are; nil for none.
    func taughtSlots(_ batch: Batch, probe: (seed: UInt64, rows: BatchRows)? = nil) throws -> [TaughtSlot] {
        let modules = Dictionary(uniqueKeysWithValues: modules.map { ($0.place, $0.module) })
        var slots: [SlotPlace: TaughtSlot] = [:]
        var outputs: [(place: SlotPlace, output: Tensor, mask: Tensor?)] = []
        let pass = ForwardPass()
        pass.observe = { [looksFreely] pass, place, input, output in
            guard let module = modules[place] else { return }
            let mask = pass.tokenMask(at: place)
            let picked = looksFreely ? mask : nil
            slots[place] = TaughtSlot(
                place: place, module: module, input: try input.detach().tokens(where: picked),
                target: try output.detach().tokens(where: picked),
                weights: picked == nil ? try mask?.flattened().to(nil, .float32) : nil)
            guard probe != nil else { return }
            try output.keepGradient()
            outputs.append((place, output, picked))
        }
        if let probe {
            let points = try inPrecision {
                try objective.points(
                    teacher(batch.inputs, pass), pass, temperature: options.finetuning.distillationTemperature
                )
            }
            try (points * probe.rows.normal(like: points, seed: probe.seed)).sum().backward()
            for (place, output, picked) in outputs {
                let gradient = try output.gradient ?? output.detach().zerosLike()
                slots[place]?.sensitivity = try gradient.to(nil, .float32).square().sum(axis: -1)
                    .tokens(where: picked)
            }
        } else {
            _ = try withoutGradients { try inPrecision { try teacher(batch.inputs, pass) } }
        }
        return self.modules.compactMap { slots[$0.place] }
    }
}

extension Tensor {
    /// The tokens of `[batch, tokens, …]` in one axis; with a mask `[batch, tokens]` bool those where it is true.
    fileprivate func tokens(where mask: Tensor?) throws -> Tensor {
        try mask.map { try rows(where: $0) } ?? flattened(from: 0, to: 1)
    }
}

extension BatchRows {
    /// Standard normal numbers of the shape of `[batch, …]`: a row's go with its place in the whole batch.
    fileprivate func normal(like rows: Tensor, seed: UInt64) throws -> Tensor {
        try .stacked(
            places.map { place in
                try Runtime.seed(seed &+ UInt64(place))
                return try .normal(Array(rows.shape.dropFirst()), device: rows.device)
            })
    }
}
