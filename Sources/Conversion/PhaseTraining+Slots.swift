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
    func taughtSlots(_ batch: Batch) throws -> [TaughtSlot] {
        var slots: [SlotPlace: (input: Tensor, output: Tensor, weights: Tensor?)] = [:]
        let pass = ForwardPass()
        pass.observe = { [places, looksFreely] pass, place, input, output in
            guard places.contains(place) else { return }
            let mask = pass.tokenMask(at: place)
            if let mask, looksFreely {
                slots[place] = (try input.rows(where: mask), try output.rows(where: mask), nil)
            } else {
                slots[place] = (
                    try input.flattened(from: 0, to: 1), try output.flattened(from: 0, to: 1),
                    try mask?.flattened().to(nil, .float32)
                )
            }
        }
        _ = try withoutGradients { try teacher(batch.inputs, pass) }
        return modules.compactMap { place, module in
            slots[place].map {
                TaughtSlot(
                    place: place, module: module, input: $0.input, target: $0.output, weights: $0.weights)
            }
        }
    }
}
