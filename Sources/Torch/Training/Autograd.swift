import CACM

private enum Operators {
    static let scale = Operator("aten::_foreach_mul_", "Tensor")
    static let retainGradient = Operator("aten::retain_grad")
}

extension Tensor {
    /// Whether operations on this tensor are recorded.
    public var requiresGradient: Bool {
        var required = false
        _ = withHandle { acm_tensor_requires_gradient($0, &required) }
        return required
    }

    /// Makes a tensor that no operation made a parameter, or no longer one.
    @discardableResult
    public func setRequiresGradient(_ required: Bool = true) throws -> Tensor {
        try withHandle { try check(acm_tensor_set_requires_gradient($0, required)) }
        return self
    }

    /// Lets backward leave this tensor's ``gradient`` here, be it a result of recorded operations or not, in which case
    /// operations on it are recorded from here on.
    public func keepGradient() throws {
        if requiresGradient {
            try Operators.retainGradient.perform(.tensor(self))
        } else {
            try setRequiresGradient()
        }
    }

    /// The accumulated gradient; nil before the first backward.
    public var gradient: Tensor? {
        get throws {
            var gradient: OpaquePointer?
            try withHandle { try check(acm_tensor_gradient($0, &gradient)) }
            return gradient.map(Tensor.init(owning:))
        }
    }

    /// Forgets the accumulated gradient.
    public func clearGradient() throws {
        try withHandle { try check(acm_tensor_set_gradient($0, nil)) }
    }

    /// Adds the derivatives of this scalar to the gradients of all parameters it depends on.
    public func backward() throws {
        try withHandle { try check(acm_tensor_backward($0, nil, false)) }
    }
}

/// Multiplies the gradients of some parameters, where they have any, by a number without axes on their
/// device.
public func scaleGradients(of parameters: [Tensor], by factor: Tensor) throws {
    let gradients = try parameters.compactMap { try $0.gradient }
    guard !gradients.isEmpty else { return }
    try withoutGradients { try Operators.scale.perform(.tensors(gradients), .tensor(factor)) }
}

/// Whether operations on this thread are recorded for backward.
public func recordsGradients() throws -> Bool {
    try NativeLibrary.open()
    var enabled = false
    try check(acm_gradient_mode(&enabled))
    return enabled
}

/// Runs `body` without recording operations for backward on this thread.
public func withoutGradients<Value>(_ body: () throws -> Value) throws -> Value {
    try NativeLibrary.open()
    var previous = false
    try check(acm_gradient_mode_set(false, &previous))
    defer {
        var ignored = false
        _ = acm_gradient_mode_set(previous, &ignored)
    }
    return try body()
}

/// Runs `body` so that matrix products take and give `type` on a device, while parameters keep
/// theirs; `nil` changes nothing.
public func withAutocast<Value>(
    _ type: DataType?, on device: Device, _ body: () throws -> Value
) throws -> Value {
    guard let type else { return try body() }
    try NativeLibrary.open()
    try check(acm_autocast_set(device.type.code, true, type.code))
    defer { _ = acm_autocast_set(device.type.code, false, type.code) }
    return try body()
}
