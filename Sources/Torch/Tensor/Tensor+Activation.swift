private enum Operators {
    static let gelu = Operator("aten::gelu")
    static let geluInPlace = Operator("aten::gelu_")
    static let relu = Operator("aten::relu")
    static let reluInPlace = Operator("aten::relu_")
    static let silu = Operator("aten::silu")
    static let siluInPlace = Operator("aten::silu_")
    static let tanh = Operator("aten::tanh")
    static let sigmoid = Operator("aten::sigmoid")
    static let softmax = Operator("aten::softmax", "int")
    static let logSoftmax = Operator("aten::log_softmax", "int")
}

extension Tensor {
    /// `x · Φ(x)`, or its approximation by tanh.
    public func gelu(approximate: Bool = false) throws -> Tensor {
        try Operators.gelu(.tensor(self), .string(approximate ? "tanh" : "none"))
    }

    public func relu() throws -> Tensor { try Operators.relu(.tensor(self)) }
    public func silu() throws -> Tensor { try Operators.silu(.tensor(self)) }
    public func tanh() throws -> Tensor { try Operators.tanh(.tensor(self)) }
    public func sigmoid() throws -> Tensor { try Operators.sigmoid(.tensor(self)) }

    public func softmax(axis: Int = -1) throws -> Tensor {
        try Operators.softmax(.tensor(self), .int(axis), .none)
    }

    public func logSoftmax(axis: Int = -1) throws -> Tensor {
        try Operators.logSoftmax(.tensor(self), .int(axis), .none)
    }
}

/// The function between the two layers of a feed-forward, by Hugging Face's names.
public enum Activation: String, Sendable, CaseIterable {
    case gelu
    case geluTanh = "gelu_pytorch_tanh"
    case relu
    case silu
    case identity

    /// Reads a name of `hidden_act`; `nil` where it is not known.
    public init?(configurationName name: String) {
        switch name {
        case "gelu_new": self = .geluTanh
        case "swish": self = .silu
        case "linear": self = .identity
        default: self.init(rawValue: name)
        }
    }

    /// What the operators of the native library call it.
    public var operatorName: String { self == .geluTanh ? "gelu_tanh" : rawValue }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        switch self {
        case .gelu: try input.gelu()
        case .geluTanh: try input.gelu(approximate: true)
        case .relu: try input.relu()
        case .silu: try input.silu()
        case .identity: input
        }
    }

    /// The same, written over an input that nobody else needs, unless gradients go through it.
    public func overwriting(_ input: Tensor) throws -> Tensor {
        if input.requiresGradient { return try self(input) }
        return switch self {
        case .gelu: try Operators.geluInPlace(.tensor(input), .string("none"))
        case .geluTanh: try Operators.geluInPlace(.tensor(input), .string("tanh"))
        case .relu: try Operators.reluInPlace(.tensor(input))
        case .silu: try Operators.siluInPlace(.tensor(input))
        case .identity: input
        }
    }
}
