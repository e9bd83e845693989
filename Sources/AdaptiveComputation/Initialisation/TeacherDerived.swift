import Torch
import Transformers

extension AdaptiveModule {
    /// Takes the learners from the dense module that this one replaces, most important first, such
    /// that every number of them gives the dense module's mean output on calibration data, and what
    /// varies about it as well as it can.
    ///
    /// - Throws: `ModelError.invalidSlot(_:)` for a slot that is not dense, or does not fit.
    public func initialise(
        from teacher: any Slot, at place: SlotPlace, _ statistics: SlotStatistics
    ) throws {
        try withoutGradients {
            switch teacher {
            case let feedForward as FeedForward:
                try initialise(from: feedForward, statistics.moments(at: place))
            case let linear as Linear:
                try initialise(from: linear, statistics.moments(at: place))
            default:
                throw ModelError.invalidSlot("\(place) is not dense, so learners cannot be taken from it.")
            }
            try gate.reset()
        }
    }

    /// Orders the hidden neurons by ``NeuronOrder``, cuts them into learners, and fits the output matrix by
    /// ``OutputFit``.
    ///
    /// The last neuron of each learner is made a constant, so that k learners give the dense module's
    /// mean: the neurons that are ordered last leave their places to these.
    ///
    /// - Parameter moments: of the hidden activations.
    private func initialise(from teacher: FeedForward, _ moments: SlotMoments) throws {
        let (count, width) = (learners.count, learners.learnerWidth)
        guard count * width >= teacher.hiddenWidth else {
            throw ModelError.invalidSlot(
                "\(count) learners of width \(width) cannot hold \(teacher.hiddenWidth) hidden neurons.")
        }
        let own = max(1, width - 1)  // neurons of the teacher in one learner
        let kept = min(teacher.hiddenWidth, count * own)
        let down = try teacher.down.weight.to(nil, .float64)
        let covariance = moments.covariance
        let order = try NeuronOrder.byExplainedEnergy(covariance: covariance, down: down)
        let first = try order.slice(0..<kept, axis: 0)
        let weights = try OutputFit.weights(
            covariance: covariance.entries(order).entries(order, axis: 1), down: down.entries(order, axis: 1),
            kept: kept, learnerWidth: own, learnerCount: count, tokenCount: moments.tokenCount)
        /// `[rows, kept]` with zeros for neurons that the teacher lacks, and a last one for each learner:
        /// `[rows, learners · learnerWidth]`.
        func arranged(_ neurons: Tensor, last: Tensor) throws -> Tensor {
            let filled = try neurons.paddedLast(before: 0, after: count * own - kept)
                .reshaped([neurons.size(0), count, own])
            return try width == own
                ? filled.flattened(from: 1)
                : .concatenated([filled, last.unsqueezed(-1)], axis: -1).flattened(from: 1)
        }
        let none = try Tensor.zeros(
            [teacher.inputWidth, count], teacher.up.weight.dataType, device: order.device)
        try learners.w1.copyInPlace(
            from: arranged(teacher.up.weight.entries(first).transposed(0, 1), last: none).transposed(0, 1))
        let bias = try teacher.up.bias?.entries(first) ?? .zeros([kept], none.dataType, device: order.device)
        let one = try Tensor.ones([1, count], bias.dataType, device: order.device)
        try learners.b1.copyInPlace(from: arranged(bias.unsqueezed(0), last: one).squeezed(0))
        // What the constants take away again is the mean of the learner's other neurons.
        let means = try (weights * moments.mean.entries(first))
            .paddedLast(before: 0, after: count * own - kept)
            .reshaped([-1, count, own]).sum(axis: -1)  // [outputWidth, learners]
        let constant = try learners.activation(Tensor.ones([1], .float64)).item(Double.self)
        try learners.w2.copyInPlace(from: arranged(weights, last: means / -constant))
        // With no learner at all the mean is left.
        var mean = try down.matmul(moments.mean)
        if width == own { mean = try mean - means.sum(axis: -1) }
        try setBias(mean, of: teacher.down)
    }

    /// The singular value decomposition of the weight seen through the covariance of real inputs, cut
    /// to the learners' width: of all maps of that rank, and of every smaller one, the closest on
    /// such inputs. What it leaves out is replaced by its mean.
    ///
    ///     H(z, k) = W · E z + b + Σ_{r ≤ rank(k)} u_r · σ_r · v_r · (z − E z)
    ///
    /// - Parameter moments: of the inputs.
    private func initialise(from teacher: Linear, _ moments: SlotMoments) throws {
        let (values, vectors) = try moments.covariance.symmetricEigenvalues()
        let floor = try max(values.maximum().item(Double.self) * 1e-7, 1e-300)
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
        try learners.b1.copyInPlace(
            from: first.matmul(moments.mean).negative().paddedLast(before: 0, after: spare))
        try learners.w2.copyInPlace(
            from: (u.slice(0..<rank, axis: 1) * root).paddedLast(before: 0, after: spare))
        try setBias(weight.matmul(moments.mean), of: teacher)
    }

    /// The bias of the teacher's last layer and `mean`, `[outputWidth]` float64.
    private func setBias(_ mean: Tensor, of layer: Linear) throws {
        try learners.bias.copyInPlace(from: layer.bias.map { try $0.to(nil, .float64) + mean } ?? mean)
    }
}
