import CACM

/// One operator of libtorch's dispatcher, called by name.
///
/// Autograd and autocast apply as they do to libtorch's own calls. The typed methods of
/// ``Tensor`` are a few lines each over this.
public struct Operator: Sendable {
    private let name: String
    /// libtorch keeps operators for good and lets all threads call them.
    private nonisolated(unsafe) let handle: Result<OpaquePointer, any Error>

    /// Finds `name`, for example `aten::add`, in the overload of that name, for example `Tensor`.
    ///
    /// A name that libtorch does not know is reported by the first call.
    public init(_ name: String, _ overload: String = "") {
        self.name = name
        handle = Result {
            try NativeLibrary.open()
            var found: OpaquePointer?
            try check(acm_operator_find(name, overload, &found))
            guard let found else { throw TorchError.failure("\(name) has no handle") }
            return found
        }
    }

    /// Calls an operator that returns one tensor. Missing trailing arguments take the schema's
    /// defaults.
    @discardableResult
    public func callAsFunction(_ arguments: OperatorArgument...) throws -> Tensor {
        try call(arguments, capacity: 1) { results in
            guard results.count == 1, results[0].kind == ACM_TENSOR, let tensor = results[0].tensor
            else { throw TorchError.invalidArgument("\(name) did not return a tensor") }
            return Tensor(owning: tensor)
        }
    }

    /// Calls an operator that returns several tensors, or one list of at most `capacity`.
    public func tensors(_ arguments: OperatorArgument..., capacity: Int) throws -> [Tensor] {
        try call(arguments, capacity: capacity) { results in
            results.compactMap { $0.kind == ACM_TENSOR ? $0.tensor.map(Tensor.init(owning:)) : nil }
        }
    }

    /// Calls an operator that returns a bool.
    public func flag(_ arguments: OperatorArgument...) throws -> Bool {
        try call(arguments, capacity: 1) { results in
            guard results.count == 1, results[0].kind == ACM_BOOLEAN else {
                throw TorchError.invalidArgument("\(name) did not return a bool")
            }
            return results[0].boolean
        }
    }

    /// Calls an operator for its effect.
    public func perform(_ arguments: OperatorArgument...) throws {
        try call(arguments, capacity: 0) { _ in }
    }

    /// The one place where raw tensor handles leave their owners: `arguments` keeps them alive
    /// until the call is over.
    private func call<Value>(
        _ arguments: [OperatorArgument], capacity: Int,
        _ body: (UnsafeBufferPointer<acm_value>) throws -> Value
    ) throws -> Value {
        let handle = try handle.get()
        let words = arguments.reduce(0) { $0 + $1.wordCount }
        return try withExtendedLifetime(arguments) {
            try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { scratch in
                try withUnsafeTemporaryAllocation(
                    of: acm_value.self, capacity: arguments.count + capacity
                ) { values in
                    var free = scratch.baseAddress
                    for (index, argument) in arguments.enumerated() {
                        values.initializeElement(at: index, to: argument.value(scratch: &free))
                    }
                    let results = values.baseAddress.map { $0 + arguments.count }
                    var count: Int32 = 0
                    let status = acm_operator_call(
                        handle, values.baseAddress, Int32(arguments.count), results, Int32(capacity), &count)
                    do { try check(status) } catch let error as TorchError {
                        throw HostConstants.explained(error, by: name)
                    }
                    return try body(UnsafeBufferPointer(start: results, count: Int(count)))
                }
            }
        }
    }
}
