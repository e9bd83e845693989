import Torch
import Transformers

/// What calibration data tells of the dense slots of a model, gathered batch by batch.
///
/// Of a feed-forward, the mean square of each hidden neuron's activation; of a projection, the
/// second moments of its input. Padding does not count.
public final class SlotStatistics {
    private let network: any TransformerModel
    private let places: Set<SlotPlace>
    private var sums: [SlotPlace: Tensor] = [:]
    private var counts: [SlotPlace: Int] = [:]

    public init(_ network: any TransformerModel, places: [SlotPlace]) {
        self.network = network
        self.places = Set(places)
    }

    /// Runs the model on one batch and adds what its slots saw.
    public func add(_ inputs: ModelInputs) throws {
        try withoutGradients {
            let pass = ForwardPass()
            pass.observe = { [self] place, input, _ in
                guard places.contains(place) else { return }
                let rows =
                    try pass.tokenMask(at: place).map { try input.rows(where: $0) }
                    ?? input.reshaped([-1, input.size(-1)])  // [tokens, width]
                try add(rows, at: place)
            }
            _ = try network(inputs, pass)
        }
    }

    private func add(_ rows: Tensor, at place: SlotPlace) throws {
        let sum: Tensor
        if let feedForward = network.slot(at: place) as? FeedForward {
            sum = try feedForward.activation(feedForward.up(rows)).to(nil, .float64)
                .square().sum(axis: 0)
        } else {
            let precise = try rows.to(nil, .float64)
            sum = try precise.transposed(0, 1).matmul(precise)
        }
        sums[place] = try sums[place].map { try $0 + sum } ?? sum
        counts[place, default: 0] += try rows.size(0)
    }

    /// The mean over all tokens seen: `[hiddenWidth]` or `[inputWidth, inputWidth]`, float64.
    ///
    /// - Throws: ``ModelError/invalidInput(_:)`` when no data was added.
    func mean(at place: SlotPlace) throws -> Tensor {
        guard let sum = sums[place], let count = counts[place], count > 0 else {
            throw ModelError.invalidInput("There is no calibration data for \(place).")
        }
        return try sum / Double(count)
    }
}
