import Torch
import Transformers

/// What calibration data tells of the dense slots of a model, gathered batch by batch: means and
/// covariances of what the last matrix of each slot takes, which are the hidden activations of
/// a feed-forward and the inputs of a projection. Padding does not count.
public final class SlotStatistics {
    private let network: any TransformerModel
    private let places: Set<SlotPlace>
    private var sums: [SlotPlace: Sums] = [:]

    private struct Sums {
        /// The mean of the first batch, `[width]`. Values are taken from there, so that large means do not
        /// drown small variances.
        let origin: Tensor
        /// Sum of the values, `[width]` float64.
        var values: Tensor
        /// Sum of `value · valueᵀ`, `[width, width]` float64.
        var products: Tensor
        var count: Int
    }

    public init(_ network: any TransformerModel, places: [SlotPlace]) {
        self.network = network
        self.places = Set(places)
    }

    /// Runs the model on one batch and adds what its slots saw.
    public func add(_ inputs: ModelInputs) throws {
        try withoutGradients {
            let pass = ForwardPass()
            pass.observe = { [self] pass, place, input, _ in
                guard places.contains(place) else { return }
                try add(pass.realRows(of: input, at: place), at: place)
            }
            _ = try network(inputs, pass)
        }
    }

    private func add(_ rows: Tensor, at place: SlotPlace) throws {
        var seen = rows
        if let feedForward = network.slot(at: place) as? FeedForward {
            seen = try feedForward.activation(feedForward.up(rows))
        }
        guard try seen.size(0) > 0 else { return }
        seen = try seen.to(nil, .float32)
        let origin = try sums[place]?.origin ?? seen.mean(axis: 0)
        seen = try seen - origin
        let values = try seen.to(nil, .float64).sum(axis: 0)
        // Products in float32 cost about as much as the model itself, in float64 many times that.
        let products = try seen.transposed(0, 1).matmul(seen).to(nil, .float64)
        let count = try rows.size(0)
        guard let before = sums[place] else {
            sums[place] = Sums(origin: origin, values: values, products: products, count: count)
            return
        }
        try before.values.addInPlace(values)
        try before.products.addInPlace(products)
        sums[place]?.count = before.count + count
    }

    /// The moments over all tokens seen.
    ///
    /// - Throws: ``ModelError/invalidInput(_:)`` when no data was added, or none that is finite.
    func moments(at place: SlotPlace) throws -> SlotMoments {
        guard let sum = sums[place], sum.count > 0 else {
            throw ModelError.invalidInput("There is no calibration data for \(place).")
        }
        let offset = try sum.values / Double(sum.count)
        let moments = SlotMoments(
            mean: try sum.origin.to(nil, .float64) + offset,
            covariance: try sum.products / Double(sum.count) - offset.unsqueezed(1) * offset.unsqueezed(0),
            tokenCount: sum.count)
        guard try moments.covariance.sum().isFinite().allTrue() else {
            throw ModelError.invalidInput(
                "\(place) sees numbers in the calibration data that are not finite.")
        }
        return moments
    }

    /// Cuts places into groups whose moments fit into memory together.
    ///
    /// - Parameter bytes: what the moments of one group may take; a place alone may take more.
    static func groups(
        _ places: [SlotPlace], of network: any TransformerModel, bytes: Int = 2 << 30
    ) -> [[SlotPlace]] {
        var groups: [[SlotPlace]] = []
        var left = 0
        for place in places {
            let slot = network.slot(at: place)
            let width = (slot as? FeedForward)?.hiddenWidth ?? slot?.inputWidth ?? 0
            let size = 8 * width * width
            if size > left || groups.isEmpty {
                groups.append([])
                left = bytes
            }
            groups[groups.count - 1].append(place)
            left -= size
        }
        return groups
    }
}

/// Moments of the vectors that one slot's last matrix takes, float64.
struct SlotMoments {
    /// `[width]`.
    let mean: Tensor
    /// `[width, width]`.
    let covariance: Tensor
    /// Tokens that both are of.
    let tokenCount: Int
}

extension ForwardPass {
    /// The rows of a slot's input or output that belong to real tokens: `[rows, width]`.
    public func realRows(of tensor: Tensor, at place: SlotPlace) throws -> Tensor {
        try tokenMask(at: place).map { try tensor.rows(where: $0) }
            ?? tensor.reshaped([-1, tensor.size(-1)])
    }
}
