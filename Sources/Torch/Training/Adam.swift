private enum Operators {
    static let adam = Operator("aten::_fused_adam_")
    static let adamDecoupled = Operator("aten::_fused_adamw_")
    static let norms = Operator("aten::_foreach_norm", "Scalar")
    static let scale = Operator("aten::_foreach_mul_", "Tensor")
    static let addOne = Operator("aten::_foreach_add_", "Scalar")
}

/// Adam and AdamW on libtorch's fused kernels.
///
/// - Source: Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2.
public final class Adam {
    /// Parameters that share a learning rate.
    public struct Group {
        public let parameters: [(name: String, tensor: Tensor)]
        /// Multiplies the learning rate of each step.
        public let rateFactor: Double
        /// Whether the optimizer's weight decay counts for them.
        public let decays: Bool

        /// - Parameters:
        ///   - parameters: by name.
        ///   - rateFactor: multiplies the learning rate of each step.
        ///   - decays: whether the optimizer's weight decay counts for them.
        public init(
            parameters: [(name: String, tensor: Tensor)], rateFactor: Double = 1, decays: Bool = true
        ) {
            self.parameters = parameters
            self.rateFactor = rateFactor
            self.decays = decays
        }
    }

    /// What parameters of one call of the fused kernel have in common.
    private struct Kind: Hashable {
        let rateFactor: Double
        let weightDecay: Double
    }

    private struct Slot {
        let name: String
        let parameter: Tensor
        let kind: Kind
        let mean: Tensor
        let square: Tensor
        let step: Tensor
    }

    private let slots: [Slot]
    private let firstDecay: Double
    private let secondDecay: Double
    private let epsilon: Double
    private let kinds: [Kind]

    /// - Parameters:
    ///   - groups: the parameters; each must require gradients.
    ///   - firstDecay: share of the old mean of the gradients that each step keeps.
    ///   - secondDecay: the same of the mean of their squares.
    ///   - epsilon: added to the root of the latter.
    ///   - weightDecay: applied to the weights themselves (AdamW), of the groups that decay; 0 is plain Adam.
    public init(
        _ groups: [Group], firstDecay: Double = 0.9, secondDecay: Double = 0.999,
        epsilon: Double = 1e-8, weightDecay: Double = 0
    ) throws {
        slots = try groups.flatMap { group in
            let kind = Kind(rateFactor: group.rateFactor, weightDecay: group.decays ? weightDecay : 0)
            return try group.parameters.map { name, parameter in
                Slot(
                    name: name, parameter: parameter, kind: kind,
                    mean: try parameter.detach().zerosLike(), square: try parameter.detach().zerosLike(),
                    step: try .zeros([], device: parameter.device))
            }
        }
        self.firstDecay = firstDecay
        self.secondDecay = secondDecay
        self.epsilon = epsilon
        kinds = Set(slots.map(\.kind)).sorted {
            ($0.rateFactor, $0.weightDecay) < ($1.rateFactor, $1.weightDecay)
        }
    }

    /// Forgets all gradients.
    public func clearGradients() throws {
        for slot in slots { try slot.parameter.clearGradient() }
    }

    /// Scales all gradients down together so that their common Euclidean norm is at most
    /// `maximum`, and returns the norm before that, on the device.
    @discardableResult
    public func clipGradients(maximum: Double) throws -> Tensor {
        let gradients = try slots.compactMap { try $0.parameter.gradient }
        guard !gradients.isEmpty else { return try .zeros([]) }
        let norms = try Operators.norms.tensors(
            .tensors(gradients), .double(2), capacity: gradients.count)
        let norm = try Tensor.stacked(norms).norm()
        let factor = try (Tensor.full([], maximum, device: norm.device) / (norm + 1e-6))
            .clamped(to: 0...1)
        try Operators.scale.perform(.tensors(gradients), .tensor(factor))
        return norm
    }

    /// Moves every parameter that has a gradient.
    ///
    /// - Parameters:
    ///   - rate: the learning rate, which the groups' factors multiply.
    ///   - isSpoilt: a bool without axes on the parameters' device; where it is true nothing moves,
    ///     which the host need not wait to know.
    public func step(rate: Double, unless isSpoilt: Tensor? = nil) throws {
        let flag = try isSpoilt?.to(nil, .float32)
        for kind in kinds {
            var moving: [(slot: Slot, gradient: Tensor)] = []
            for slot in slots where slot.kind == kind {
                if let gradient = try slot.parameter.gradient { moving.append((slot, gradient)) }
            }
            guard !moving.isEmpty else { continue }
            let steps = moving.map(\.slot.step)
            try withoutGradients {
                try Operators.addOne.perform(.tensors(steps), .double(1))
                let update = kind.weightDecay == 0 ? Operators.adam : Operators.adamDecoupled
                try update.perform(
                    .tensors(moving.map(\.slot.parameter)), .tensors(moving.map(\.gradient)),
                    .tensors(moving.map(\.slot.mean)), .tensors(moving.map(\.slot.square)),
                    .tensors([]), .tensors(steps), .double(rate * kind.rateFactor), .double(firstDecay),
                    .double(secondDecay), .double(kind.weightDecay), .double(epsilon), .bool(false),
                    .bool(false), .none, .optionalTensor(flag))
            }
        }
    }

    /// The moments and step counts by name, for a checkpoint: `<parameter>.mean`, `.square`, `.step`.
    public var state: [(name: String, tensor: Tensor)] {
        slots.flatMap {
            [("\($0.name).mean", $0.mean), ("\($0.name).square", $0.square), ("\($0.name).step", $0.step)]
        }
    }

    /// Restores what ``state`` gave.
    ///
    /// - Throws: ``TorchError/invalidArgument(_:)`` for a missing entry or a wrong shape.
    public func restore(_ saved: [String: Tensor]) throws {
        for (name, tensor) in state {
            guard let value = saved[name], value.shape == tensor.shape else {
                throw TorchError.invalidArgument(
                    "the optimizer's state has no \"\(name)\" of shape \(tensor.shape)")
            }
            try tensor.copyInPlace(from: value)
        }
    }
}
