private enum Operators {
    static let ctc = Operator("aten::ctc_loss", "Tensor")
}

extension Loss {
    /// How the losses of a batch become one number.
    public enum CTCReduction: String, Sendable, CaseIterable {
        case sum
        /// The mean over the samples of each loss divided by its number of labels.
        case mean
    }

    /// `-log P(labels | logits)`, summed over all alignments of labels and blanks with the frames.
    ///
    /// - Parameters:
    ///   - logits: `[batch, frames, classes]` of any floating-point type.
    ///   - labels: `[batch, labels]` int64; negative ones and blanks are left out, so that -100
    ///     or the blank pads rows.
    ///   - lengths: `[batch]` int64, the real frames of each sample; the others do not count.
    ///   - blank: the class that stands for no label.
    ///   - reduction: how the losses of the samples become one number.
    ///   - zeroInfinity: whether labels that no alignment fits count as 0 instead of infinity.
    /// - Errors: `TorchError` for labels or lengths that do not fit the logits; the classes of labels
    ///   on the host are checked.
    /// - Source: Graves et al. 2006, equation 12; `ForCTCLoss` of transformers.
    public static func ctc(
        _ logits: Tensor, labels: Tensor, lengths: Tensor, blank: Int, reduction: CTCReduction,
        zeroInfinity: Bool = false
    ) throws -> Tensor {
        let (size, classes) = (logits.shape, try logits.size(-1))
        guard size.count == 3, labels.rank == 2, labels.shape[0] == size[0], lengths.shape == [size[0]] else {
            throw TorchError.invalidArgument(
                """
                The CTC loss takes logits [batch, frames, classes], labels [batch, labels] and lengths \
                [batch], found \(size), \(labels.shape) and \(lengths.shape).
                """)
        }
        if labels.device == .cpu, labels.elementCount > 0 {
            let highest = try labels.maximum().item(Int.self)
            guard highest < classes else {
                throw TorchError.invalidArgument(
                    "The labels of the CTC loss must lie below \(classes), the number of classes, found \(highest)."
                )
            }
        }
        let isLabel = try labels.isAtLeast(0).and(labels.equals(Double(blank)).logicalNot())
        let number = reduction == .mean ? 1 : 2  // libtorch's
        return try Operators.ctc(
            .tensor(logits.to(nil, .float32).logSoftmax().transposed(0, 1)),  // [frames, batch, classes]
            .tensor(labels.rows(where: isLabel)),  // all labels, one row after another
            .tensor(lengths), .tensor(isLabel.to(nil, .int64).sum(axis: 1)), .int(blank), .int(number),
            .bool(zeroInfinity))
    }
}
