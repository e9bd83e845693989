import CACM

/// The results of `body`, of which backward keeps the inputs alone: it runs `body` again.
///
/// This is activation checkpointing: memory for what lies between inputs and results is spent in
/// backward only, for the price of a second forward. Parameters that `body` uses get their gradients
/// as usual. With recording off `body` runs just once.
///
/// - Parameters:
///   - inputs: all tensors that gradients flow through besides parameters.
///   - body: computes the results, at most 64; it must give the same again, so what is random in it
///     must come from seeds of its own. The second time it runs on the thread of backward.
/// - Throws: what `body` throws the first time; backward throws `TorchError` with the message of the
///   second.
/// - Source: Chen, Xu, Zhang & Guestrin 2016, section 3.
public func recomputed(
    _ inputs: [Tensor], _ body: @escaping ([Tensor]) throws -> [Tensor]
) throws -> [Tensor] {
    try NativeLibrary.open()
    let computation = Computation(body)
    var handles = inputs.map { Optional($0.handle) }
    var results = [OpaquePointer?](repeating: nil, count: Computation.resultCapacity)
    var count: Int32 = 0
    let status = withExtendedLifetime(inputs) {
        acm_tensor_recomputed(
            &handles, Int32(handles.count),
            { context, inputs, inputCount, results, capacity, count, message, messageCapacity in
                guard let context else { return ACM_INVALID_ARGUMENT }
                let given = UnsafeBufferPointer(start: inputs, count: Int(inputCount))
                let tensors = given.compactMap { $0.map(Tensor.init(owning:)) }
                return Unmanaged<Computation>.fromOpaque(context).takeUnretainedValue().run(
                    tensors, UnsafeMutableBufferPointer(start: results, count: Int(capacity)), count,
                    UnsafeMutableBufferPointer(start: message, count: Int(messageCapacity)))
            },
            { context in
                if let context { Unmanaged<Computation>.fromOpaque(context).release() }
            }, Unmanaged.passRetained(computation).toOpaque(), &results, Int32(results.count), &count)
    }
    if let failure = computation.failure { throw failure }
    try check(status)
    return results.prefix(Int(count)).compactMap { $0.map(Tensor.init(owning:)) }
}

/// What ``recomputed(_:_:)`` runs, as the native library calls it.
private final class Computation {
    static let resultCapacity = 64
    private let body: ([Tensor]) throws -> [Tensor]
    /// Of the last run.
    private(set) var failure: (any Error)?

    init(_ body: @escaping ([Tensor]) throws -> [Tensor]) {
        self.body = body
    }

    func run(
        _ inputs: [Tensor], _ results: UnsafeMutableBufferPointer<OpaquePointer?>,
        _ count: UnsafeMutablePointer<Int32>?, _ message: UnsafeMutableBufferPointer<CChar>
    ) -> Int32 {
        do {
            failure = nil
            let tensors = try body(inputs)
            guard tensors.count <= results.count else {
                throw TorchError.invalidArgument(
                    "a computation to repeat has \(tensors.count) results, at most \(results.count) may be"
                )
            }
            for (index, tensor) in tensors.enumerated() { results[index] = try tensor.newReference() }
            count?.pointee = Int32(tensors.count)
            return ACM_OK
        } catch {
            failure = error
            let text = error.localizedDescription.utf8.prefix(message.count - 1)
            for (index, byte) in text.enumerated() { message[index] = CChar(bitPattern: byte) }
            message[text.count] = 0
            return ACM_FAILURE
        }
    }
}

extension Tensor {
    /// A handle that another owner must free.
    fileprivate func newReference() throws -> OpaquePointer {
        var reference: OpaquePointer?
        try withHandle { try check(acm_tensor_share($0, &reference)) }
        guard let reference else { throw TorchError.failure("a tensor was not shared") }
        return reference
    }
}
