private enum Operators {
    static let empty = Operator("aten::empty", "memory_format")
    static let full = Operator("aten::full")
    static let arange = Operator("aten::arange", "start_step")
    static let randomPermutation = Operator("aten::randperm")
    static let to = Operator("aten::_to_copy")
    static let clone = Operator("aten::clone")
    static let detach = Operator("aten::detach")
    static let emptyLike = Operator("aten::empty_like")
    static let zerosLike = Operator("aten::zeros_like")
    static let contiguous = Operator("aten::contiguous")
    static let normal = Operator("aten::normal_")
    static let uniform = Operator("aten::uniform_")
    static let exponential = Operator("aten::exponential_")
    static let fill = Operator("aten::fill_", "Scalar")
    static let copy = Operator("aten::copy_")
    static let setData = Operator("aten::set_data")
}

extension Tensor {
    /// A tensor whose elements are whatever the memory held.
    public static func empty(
        _ shape: [Int], _ type: DataType = .float32, device: Device = .cpu
    ) throws -> Tensor {
        try Operators.empty(.ints(shape), .dataType(type), .none, .device(device))
    }

    /// A tensor of one value.
    public static func full(
        _ shape: [Int], _ value: Double, _ type: DataType = .float32, device: Device = .cpu
    ) throws -> Tensor {
        try Operators.full(.ints(shape), .double(value), .dataType(type), .none, .device(device))
    }

    public static func zeros(
        _ shape: [Int], _ type: DataType = .float32, device: Device = .cpu
    ) throws -> Tensor {
        try full(shape, 0, type, device: device)
    }

    public static func ones(
        _ shape: [Int], _ type: DataType = .float32, device: Device = .cpu
    ) throws -> Tensor {
        try full(shape, 1, type, device: device)
    }

    /// The integers of a range in a vector, or those `step` apart from its first.
    public static func range(
        _ range: Range<Int>, step: Int = 1, _ type: DataType = .int64, device: Device = .cpu
    ) throws -> Tensor {
        try Operators.arange(
            .int(range.lowerBound), .int(range.upperBound), .int(step), .dataType(type), .none,
            .device(device))
    }

    /// Draws from the standard normal distribution.
    public static func normal(
        _ shape: [Int], _ type: DataType = .float32, device: Device = .cpu
    ) throws -> Tensor {
        try empty(shape, type, device: device).fillNormalInPlace()
    }

    /// Draws from the uniform distribution over [0, 1).
    public static func uniform(
        _ shape: [Int], _ type: DataType = .float32, device: Device = .cpu
    ) throws -> Tensor {
        try empty(shape, type, device: device).fillUniformInPlace(0..<1)
    }

    /// The numbers 0 ..< count in random order.
    public static func randomPermutation(_ count: Int, device: Device = .cpu) throws -> Tensor {
        try Operators.randomPermutation(.int(count), .dataType(.int64), .none, .device(device))
    }

    /// An uninitialised tensor of this one's shape, type and device.
    public func emptyLike() throws -> Tensor { try Operators.emptyLike(.tensor(self)) }

    /// Zeros in this tensor's shape, type and device.
    public func zerosLike() throws -> Tensor { try Operators.zerosLike(.tensor(self)) }

    /// This tensor on a device and in a type; itself where nothing changes.
    public func to(_ device: Device? = nil, _ type: DataType? = nil) throws -> Tensor {
        let newDevice = device ?? self.device
        let newType = type ?? dataType
        if newDevice == self.device, newType == dataType { return self }
        func copy() throws -> Tensor {
            try Operators.to(.tensor(self), .dataType(newType), .none, .device(newDevice))
        }
        guard newDevice != self.device, let constants = HostConstants.current else { return try copy() }
        if newDevice == .cpu { try HostConstants.refuseReading(self) }
        return try constants.copy(self, newDevice, newType, copy)
    }

    /// A copy with memory of its own.
    public func clone() throws -> Tensor { try Operators.clone(.tensor(self)) }

    /// The same numbers, cut off from the recorded graph.
    public func detach() throws -> Tensor { try Operators.detach(.tensor(self)) }

    /// This tensor in row-major order; itself where it already is.
    public func contiguous() throws -> Tensor {
        isContiguous ? self : try Operators.contiguous(.tensor(self))
    }

    @discardableResult
    public func fillInPlace(_ value: Double) throws -> Tensor {
        try Operators.fill(.tensor(self), .double(value))
    }

    @discardableResult
    public func fillNormalInPlace(mean: Double = 0, deviation: Double = 1) throws -> Tensor {
        try Operators.normal(.tensor(self), .double(mean), .double(deviation))
    }

    @discardableResult
    public func fillUniformInPlace(_ range: Range<Double>) throws -> Tensor {
        try Operators.uniform(.tensor(self), .double(range.lowerBound), .double(range.upperBound))
    }

    /// Draws from the exponential distribution of rate 1.
    @discardableResult
    public func fillExponentialInPlace() throws -> Tensor {
        try Operators.exponential(.tensor(self))
    }

    /// Overwrites the elements with another tensor's, converted and broadcast.
    @discardableResult
    public func copyInPlace(from source: Tensor) throws -> Tensor {
        try Operators.copy(.tensor(self), .tensor(source))
    }

    /// Takes over another tensor's memory, shape, type and device, without copying; all who hold
    /// this tensor see it.
    public func adopt(_ source: Tensor) throws {
        try withoutGradients {
            try Operators.setData.perform(.tensor(self), .tensor(source.detach()))
        }
    }
}
