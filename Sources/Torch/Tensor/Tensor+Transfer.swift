import CACM

private enum Operators {
    static let empty = Operator("aten::empty", "memory_format")
    static let indexSelectInto = Operator("aten::index_select", "out")
    static let stackInto = Operator("aten::stack", "out")
    static let pin = Operator("aten::pin_memory")
    static let isPinned = Operator("aten::is_pinned")
}

/// Whether tensors for a device are made in pinned host memory, from which it copies by itself.
public enum PinnedMemory {
    @TaskLocal public static var isAsked = false
}

extension Tensor {
    /// This host tensor in pinned memory; itself where it already is there. Needs a CUDA device.
    public func pinned() throws -> Tensor {
        try Operators.isPinned.flag(.tensor(self)) ? self : Operators.pin(.tensor(self))
    }

    /// Copies of the entries of the first axis that `indices` names, in pinned memory where
    /// ``PinnedMemory`` asks for it.
    public func hostEntries(_ indices: Tensor) throws -> Tensor {
        guard PinnedMemory.isAsked else { return try entries(indices) }
        let target = try Self.emptyPinned([indices.elementCount] + shape.dropFirst(), dataType)
        return try Operators.indexSelectInto(.tensor(self), .int(0), .tensor(indices), .tensor(target))
    }

    /// Tensors of one shape along a new first axis, in pinned memory where ``PinnedMemory`` asks for
    /// it.
    public static func hostStacked(_ tensors: [Tensor]) throws -> Tensor {
        guard PinnedMemory.isAsked, let first = tensors.first else { return try stacked(tensors) }
        let target = try emptyPinned([tensors.count] + first.shape, first.dataType)
        return try Operators.stackInto(.tensors(tensors), .int(0), .tensor(target))
    }

    private static func emptyPinned(_ shape: [Int], _ type: DataType) throws -> Tensor {
        try Operators.empty(.ints(shape), .dataType(type), .none, .device(.cpu), .bool(true))
    }

    /// A copy on a device that is made beside the work that was given to the device before, and is
    /// waited for by the work that this thread gives it from now on. Only from pinned memory does the
    /// host not wait.
    public func copiedAside(to device: Device) throws -> Tensor {
        try withHandle { handle in
            var copy: OpaquePointer?
            try check(acm_tensor_copy_aside(handle, device.type.code, Int32(device.index), &copy))
            guard let copy else { throw TorchError.failure("a tensor was not copied to \(device)") }
            return Tensor(owning: copy)
        }
    }
}
