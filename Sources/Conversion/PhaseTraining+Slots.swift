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
    let sensitivity: Tensor?

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
        var seen: [SlotPlace: (input: Tensor, output: Tensor, mask: Tensor?)] = [:]
        let pass = ForwardPass()
        pass.observe = { [places] pass, place, input, output in
            guard places.contains(place) else { return }
            if probe != nil { try output.keepGradient() }
            seen[place] = (try input.detach(), output, pass.tokenMask(at: place))
        }
        if let probe {
            let points = try objective.points(
                teacher(batch.inputs, pass), pass, temperature: options.finetuning.distillationTemperature)
            try (points * probe.rows.normal(like: points, seed: probe.seed)).sum().backward()
        } else {
            _ = try withoutGradients { try teacher(batch.inputs, pass) }
        }
        return try modules.compactMap { place, module in
            guard let (input, output, mask) = seen[place] else { return nil }
            let picked = looksFreely ? mask : nil
            func rows(_ tensor: Tensor) throws -> Tensor {
                try picked.map { try tensor.rows(where: $0) } ?? tensor.flattened(from: 0, to: 1)
            }
            return TaughtSlot(
                place: place, module: module, input: try rows(input), target: try rows(output.detach()),
                weights: picked == nil ? try mask?.flattened().to(nil, .float32) : nil,
                sensitivity: try output.gradient.map { try rows($0.to(nil, .float32).square().sum(axis: -1)) }
            )
        }
    }
}

extension BatchRows {
    /// Standard normal numbers of the shape of `[batch, …]`: those that these rows have in the whole batch.
    fileprivate func normal(like rows: Tensor, seed: UInt64) throws -> Tensor {
        try Runtime.seed(seed)
        return try of(.normal([count] + rows.shape.dropFirst(), device: rows.device))
    }
}
