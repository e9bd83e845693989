import Torch

/// Tells whether losses and gradients of steps were finite, without waiting for the device at each of them.
///
/// The optimizer is given the flag of a step, so that one on what is not finite leaves the weights as they
/// are; the flags are read when something else is read, too.
package struct FiniteCheck {
    package init() {}

    /// Of the steps since flags were last read, on the device.
    private var flags: [(step: Int, isSpoilt: Tensor)] = []

    /// Notes a step.
    ///
    /// - Returns: whether its loss or gradients are not finite: a bool without axes.
    package mutating func add(_ step: Int, loss: Tensor, norm: Tensor) throws -> Tensor {
        let isSpoilt = try loss.isFinite().and(norm.isFinite()).logicalNot()
        flags.append((step, isSpoilt))
        return isSpoilt
    }

    /// - Throws: ``ConversionError/notFinite(phase:step:)`` for the first of the noted steps whose loss or
    ///   gradients were not finite.
    package mutating func require(_ phase: String) throws {
        let noted = flags
        flags = []
        let values = try Tensor.stacked(noted.map { try $0.isSpoilt.to(nil, .int64) }).array(of: Int.self)
        if let first = zip(noted, values).first(where: { $1 != 0 })?.0.step {
            throw ConversionError.notFinite(phase: phase, step: first)
        }
    }
}
