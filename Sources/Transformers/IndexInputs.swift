import Torch

extension ModelInputs {
    static let indexTypes: [DataType] = [.int64, .int32]

    /// Checks that indices, where they lie on the host, are in a range; on a GPU the look would wait
    /// for the device.
    ///
    /// - Throws: ``ModelError/invalidInput(_:)``.
    static func requireRange(_ tensor: Tensor, _ name: String, _ range: Range<Int>) throws {
        guard tensor.device == .cpu, tensor.elementCount > 0 else { return }
        let lowest = try tensor.minimum().item(Int.self)
        let highest = try tensor.maximum().item(Int.self)
        guard range.contains(lowest), range.contains(highest) else {
            throw ModelError.invalidInput(
                "\(name) must lie in 0...\(range.upperBound - 1), found \(lowest)...\(highest).")
        }
    }

    /// Checks that a mask holds zeros and ones, as ``requireRange(_:_:_:)`` does: masks that are added to
    /// scores mean something else.
    static func requireMask(_ mask: Tensor?, _ name: String) throws {
        guard let mask, mask.dataType != .bool else { return }
        try requireRange(mask, name, 0..<2)
    }
}
