import Torch

/// Which spans of frames and of channels a speech model does not see while it is trained.
///
/// - Source: Park et al. 2019 (SpecAugment); `_compute_mask_indices` of transformers, which draws from
///   the same distribution.
public struct SpanMasking: Sendable, Equatable {
    /// Spans along one axis.
    public struct Spans: Sendable, Equatable {
        /// The share of the axis that spans would cover if they did not overlap.
        public let probability: Double
        public let length: Int
        public let minimumCount: Int

        public init(probability: Double, length: Int, minimumCount: Int) {
            self.probability = probability
            self.length = length
            self.minimumCount = minimumCount
        }
    }

    /// Of frames, which the model's mask vector replaces; nil hides none.
    public let frames: Spans?
    /// Of channels, which become zero; nil hides none.
    public let channels: Spans?
    /// Whether anything is hidden.
    public var hides: Bool { frames != nil || channels != nil }

    /// - Throws: `JSONError` for values that make no sense.
    public init(_ reader: JSONObjectReader) throws {
        let applies = try reader.bool("apply_spec_augment", default: true)
        func spans(_ axis: String, probability: Double, minimum: Int) throws -> Spans? {
            let spans = Spans(
                probability: try reader.double("mask_\(axis)_prob", default: probability, in: 0...1),
                length: try reader.integer("mask_\(axis)_length", default: 10, in: 1...1_000_000),
                minimumCount: try reader.integer(
                    "mask_\(axis)_min_masks", default: minimum, in: 0...1_000_000))
            return applies && spans.probability > 0 ? spans : nil
        }
        frames = try spans("time", probability: 0.05, minimum: 2)
        channels = try spans("feature", probability: 0, minimum: 0)
    }
}

extension SpanMasking.Spans {
    /// Draws the spans of a batch, each sample's within its own length.
    ///
    /// - Parameters:
    ///   - lengths: of each sample.
    ///   - count: the length of the axis, at least all of `lengths`.
    /// - Returns: `[batch, count]`, row by row; true is hidden.
    /// - Throws: ``ModelError/invalidInput(_:)`` for an axis shorter than a span.
    func draw(
        lengths: [Int], count: Int, using generator: inout some RandomNumberGenerator
    ) throws -> [Bool] {
        guard length <= count else {
            throw ModelError.invalidInput(
                "Spans of \(length) cannot be hidden in a batch of length \(count): shorten mask_time_length "
                    + "or mask_feature_length, or leave such samples out.")
        }
        // Rounds the number of spans up or down at random, the same way for the whole batch.
        let rounding = Double.random(in: 0..<1, using: &generator)
        var hidden = Array(repeating: false, count: lengths.count * count)
        for (row, sampleLength) in lengths.enumerated() {
            let starts = sampleLength - (length - 1)
            var spanCount = max(
                Int(probability * Double(sampleLength) / Double(length) + rounding), minimumCount)
            if spanCount * length > count { spanCount = count / length }
            spanCount = min(spanCount, max(starts, 0))
            // The first of a random order: starts without repetition.
            var order = Array(0..<max(starts, 0))
            for place in 0..<spanCount {
                order.swapAt(place, Int.random(in: place..<order.count, using: &generator))
                let start = row * count + order[place]
                for index in start..<start + length { hidden[index] = true }
            }
        }
        return hidden
    }
}

/// A model that can be trained with parts of its input hidden.
public protocol InputMasking: TransformerModel {
    /// The inputs with what to hide of them beside them, drawn as the configuration says.
    ///
    /// - Parameters:
    ///   - inputs: the rows that are taken.
    ///   - batch: the real samples of each row of a larger batch and which rows of it the inputs are: spans
    ///     are drawn for all of it; nil where the inputs are all.
    ///   - generator: what decides.
    func hidingSpans(
        of inputs: ModelInputs, among batch: (sampleCounts: [Int], places: [Int])?,
        using generator: inout some RandomNumberGenerator
    ) throws -> ModelInputs
    /// The real samples of each row.
    func sampleCounts(_ inputs: ModelInputs) throws -> [Int]
}

extension InputMasking {
    public func hidingSpans(
        of inputs: ModelInputs, using generator: inout some RandomNumberGenerator
    ) throws -> ModelInputs {
        try hidingSpans(of: inputs, among: nil, using: &generator)
    }
}
