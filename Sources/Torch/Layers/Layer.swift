/// A part of a model: its own parameters and its children, by the names of their place.
public protocol Layer: Sendable {
    /// Parameters of this layer itself.
    var parameters: [(name: String, tensor: Tensor)] { get }
    /// The layers inside, in the order in which a reader would list them.
    var children: [(name: String, layer: any Layer)] { get }
}

extension Layer {
    public var parameters: [(name: String, tensor: Tensor)] { [] }
    public var children: [(name: String, layer: any Layer)] { [] }

    /// All parameters below this layer, by their path with dots.
    public func namedParameters(prefix: String = "") -> [(name: String, tensor: Tensor)] {
        let own = parameters.map { (name: prefix + $0.name, tensor: $0.tensor) }
        return children.reduce(into: own) { all, child in
            all += child.layer.namedParameters(prefix: "\(prefix)\(child.name).")
        }
    }

    /// Makes all parameters ones to train, or not.
    public func setRequiresGradient(_ required: Bool) throws {
        for (_, tensor) in namedParameters() { try tensor.setRequiresGradient(required) }
    }

    /// Moves all parameters to a device and a type, in place.
    public func move(to device: Device? = nil, _ type: DataType? = nil) throws {
        for (_, tensor) in namedParameters() {
            try tensor.adopt(tensor.detach().to(device, type))
        }
    }
}
