import Torch

/// What connectionist temporal classification needs to know of a model.
public struct CTCSettings: Sendable, Equatable {
    /// The class that stands for no label.
    public let blank: Int
    public let reduction: Loss.CTCReduction
    /// Whether labels that no alignment fits count as 0 instead of infinity.
    public let zeroInfinity: Bool

    public init(blank: Int, reduction: Loss.CTCReduction, zeroInfinity: Bool) {
        self.blank = blank
        self.reduction = reduction
        self.zeroInfinity = zeroInfinity
    }

    /// - Throws: `JSONError` for values that make no sense.
    public init(_ reader: JSONObjectReader) throws {
        let classCount = try reader.integer("vocab_size", in: 1...10_000_000)
        blank = try reader.integer("pad_token_id", default: 0, in: 0...classCount - 1)
        reduction = try reader.choice("ctc_loss_reduction", default: .sum)
        zeroInfinity = try reader.bool("ctc_zero_infinity", default: false)
    }
}
