import Torch

extension Tensor {
    /// These numbers, none of which is infinite or no number.
    ///
    /// - Parameter name: what they are of the model, for the message.
    /// - Throws: ``EvaluationError/notFinite(_:)``.
    @discardableResult
    func requireFinite(_ name: String) throws -> Tensor {
        guard try isFinite().allTrue() else { throw EvaluationError.notFinite(name) }
        return self
    }
}
