import Torch
import Transformers

extension AdaptiveModule {
    /// Takes the learners from the dense module that this one replaces, most important first.
    ///
    /// With all learners the result is the dense module: exactly (to rounding) for a feed-forward,
    /// as its best approximation of that rank for a projection.
    public func initialise(
        from teacher: any Slot, at place: SlotPlace, _ statistics: SlotStatistics
    ) throws {
        try withoutGradients {
            switch teacher {
            case let feedForward as FeedForward:
                try initialise(from: feedForward, power: statistics.mean(at: place))
            case let linear as Linear:
                try initialise(from: linear, moments: statistics.mean(at: place))
            default:
                throw ModelError.invalidSlot("\(place) is not dense, so learners cannot be taken from it.")
            }
            try gate.reset()
        }
    }

    /// Orders the hidden neurons by their mean contribution to the output's energy,
    /// `mean(activation²) · ‖column of down‖²`, and cuts them into learners.
    ///
    /// - Parameter power: `[hiddenWidth]`, mean square of each neuron's activation.
    private func initialise(from teacher: FeedForward, power: Tensor) throws {
        let importance = try power * teacher.down.weight.to(nil, .float64).square().sum(axis: 0)
        let order = try importance.sorted(descending: true).indices
        // Learners of a width that does not divide the teacher's end with neurons of weight zero.
        let spare = learners.count * learners.learnerWidth - teacher.hiddenWidth
        guard spare >= 0 else {
            throw ModelError.invalidSlot(
                "\(learners.count) learners of width \(learners.learnerWidth) cannot hold \(teacher.hiddenWidth) "
                    + "hidden neurons.")
        }
        func filled(_ ordered: Tensor) throws -> Tensor { try ordered.paddedLast(before: 0, after: spare) }
        try learners.w1.copyInPlace(
            from: filled(teacher.up.weight.entries(order).transposed(0, 1)).transposed(0, 1))
        try learners.b1.fillInPlace(0)
        if let bias = teacher.up.bias { try learners.b1.copyInPlace(from: filled(bias.entries(order))) }
        try learners.w2.copyInPlace(from: filled(teacher.down.weight.entries(order, axis: 1)))
        try copyBias(of: teacher.down)
    }

    /// Truncated singular value decomposition of the weights seen through the inputs' second
    /// moments, so that the error is smallest on real inputs; ranks are ordered by what they give.
    ///
    /// - Parameter moments: `[inputWidth, inputWidth]`, mean of `x · xᵀ`.
    private func initialise(from teacher: Linear, moments: Tensor) throws {
        let (values, vectors) = try moments.symmetricEigenvalues()
        let floor = try values.maximum().item(Double.self) * 1e-7
        let deviations = try values.clamped(minimum: floor).squareRoot()  // [inputWidth]
        let weight = try teacher.weight.to(nil, .float64)
        let (u, singular, v) = try weight.matmul(vectors * deviations).singularValues()
        let available = try singular.size(0)
        let rank = min(learners.count * learners.learnerWidth, available)
        let spare = learners.count * learners.learnerWidth - rank
        let root = try singular.slice(0..<rank, axis: 0).squareRoot()
        let first = try (root.unsqueezed(1) * v.slice(0..<rank, axis: 0) / deviations)
            .matmul(vectors.transposed(0, 1))  // [rank, inputWidth]
        try learners.w1.copyInPlace(
            from: first.transposed(0, 1).paddedLast(before: 0, after: spare).transposed(0, 1))
        try learners.b1.fillInPlace(0)
        try learners.w2.copyInPlace(
            from: (u.slice(0..<rank, axis: 1) * root).paddedLast(before: 0, after: spare))
        try copyBias(of: teacher)
    }

    private func copyBias(of layer: Linear) throws {
        try learners.bias.fillInPlace(0)
        if let bias = layer.bias { try learners.bias.copyInPlace(from: bias) }
    }
}
