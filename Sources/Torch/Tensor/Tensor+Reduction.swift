private enum Operators {
    static let sum = Operator("aten::sum", "dim_IntList")
    static let mean = Operator("aten::mean", "dim")
    static let maximum = Operator("aten::amax")
    static let minimum = Operator("aten::amin")
    static let argMax = Operator("aten::argmax")
    static let cumulativeSum = Operator("aten::cumsum")
    static let logSumExponential = Operator("aten::logsumexp")
    static let norm = Operator("aten::linalg_vector_norm")
    static let topK = Operator("aten::topk")
    static let sort = Operator("aten::sort", "stable")
    static let all = Operator("aten::all")
    static let any = Operator("aten::any", "dim")
    static let countBins = Operator("aten::bincount")
}

extension Tensor {
    /// Sum over some axes, all when none is named.
    public func sum(axes: [Int] = [], keepDimension: Bool = false) throws -> Tensor {
        try Operators.sum(.tensor(self), .ints(axes), .bool(keepDimension))
    }

    public func sum(axis: Int, keepDimension: Bool = false) throws -> Tensor {
        try sum(axes: [axis], keepDimension: keepDimension)
    }

    /// Mean over some axes, all when none is named.
    public func mean(axes: [Int] = [], keepDimension: Bool = false) throws -> Tensor {
        try Operators.mean(.tensor(self), .ints(axes), .bool(keepDimension))
    }

    public func mean(axis: Int, keepDimension: Bool = false) throws -> Tensor {
        try mean(axes: [axis], keepDimension: keepDimension)
    }

    public func maximum(axes: [Int] = [], keepDimension: Bool = false) throws -> Tensor {
        try Operators.maximum(.tensor(self), .ints(axes), .bool(keepDimension))
    }

    public func minimum(axes: [Int] = [], keepDimension: Bool = false) throws -> Tensor {
        try Operators.minimum(.tensor(self), .ints(axes), .bool(keepDimension))
    }

    /// Index of the largest element along an axis, the first where several are; int64.
    public func argMax(axis: Int, keepDimension: Bool = false) throws -> Tensor {
        try Operators.argMax(.tensor(self), .int(axis), .bool(keepDimension))
    }

    public func cumulativeSum(axis: Int) throws -> Tensor {
        try Operators.cumulativeSum(.tensor(self), .int(axis))
    }

    /// `log Σ exp x` along an axis.
    public func logSumExponential(axis: Int) throws -> Tensor {
        try Operators.logSumExponential(.tensor(self), .ints([axis]))
    }

    /// Euclidean norm over some axes, all when none is named.
    public func norm(axes: [Int]? = nil, keepDimension: Bool = false) throws -> Tensor {
        try Operators.norm(
            .tensor(self), .double(2), .optionalInts(axes), .bool(keepDimension))
    }

    /// The `count` largest elements of an axis, largest first, and their indices.
    public func largest(_ count: Int, axis: Int = -1) throws -> (values: Tensor, indices: Tensor) {
        let pair = try Operators.topK.tensors(
            .tensor(self), .int(count), .int(axis), .bool(true), .bool(true), capacity: 2)
        return (pair[0], pair[1])
    }

    /// The elements of an axis in stable order, and their former indices.
    public func sorted(axis: Int = -1, descending: Bool = false) throws -> (
        values: Tensor, indices: Tensor
    ) {
        let pair = try Operators.sort.tensors(
            .tensor(self), .bool(true), .int(axis), .bool(descending), capacity: 2)
        return (pair[0], pair[1])
    }

    /// Whether all elements are true; waits for the device.
    public func allTrue() throws -> Bool {
        try Operators.all(.tensor(self)).item()
    }

    /// Whether any element along an axis is true.
    public func anyTrue(axis: Int, keepDimension: Bool = false) throws -> Tensor {
        try Operators.any(.tensor(self), .int(axis), .bool(keepDimension))
    }

    /// How often each of 0 ..< count occurs in a vector of non-negative integers.
    public func countBins(_ count: Int) throws -> Tensor {
        try Operators.countBins(.tensor(self), .none, .int(count))
    }
}
