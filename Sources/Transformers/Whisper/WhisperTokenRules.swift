import Torch

/// Which tokens may follow: all but the suppressed ones, and timestamps in pairs and in order.
///
/// - Source: Radford et al. 2022; `SuppressTokensLogitsProcessor`, `SuppressTokensAtBeginLogitsProcessor`
///   and `WhisperTimeStampLogitsProcessor` of transformers.
struct WhisperTokenRules {
    private let configuration: WhisperGenerationConfiguration
    private let hasTimestamps: Bool
    private let suppressed: Tensor?  // [vocabulary] bool
    private let suppressedFirst: Tensor?

    init(
        _ configuration: WhisperGenerationConfiguration, vocabularySize: Int, hasTimestamps: Bool,
        device: Device
    ) throws {
        func mask(_ tokens: [Int]) throws -> Tensor? {
            guard !tokens.isEmpty else { return nil }
            var mask = Array(repeating: false, count: vocabularySize)
            for token in tokens { mask[token] = true }
            return try Tensor(mask).to(device)
        }
        self.configuration = configuration
        self.hasTimestamps = hasTimestamps
        suppressed = try mask(configuration.suppressedTokens)
        suppressedFirst = try mask(configuration.tokensSuppressedFirst)
    }

    /// The scores with -∞ for tokens that may not follow.
    ///
    /// - Parameters:
    ///   - scores: `[samples, vocabulary]` float32.
    ///   - texts: the tokens of each sample after its prompt.
    func apply(_ scores: Tensor, texts: [[Int]]) throws -> Tensor {
        var scores = try scores.clone()
        let isFirst = texts.allSatisfy(\.isEmpty)
        if isFirst, let suppressedFirst { scores = try scores.masked(suppressedFirst, value: -.infinity) }
        if let suppressed { scores = try scores.masked(suppressed, value: -.infinity) }
        guard hasTimestamps, let first = configuration.firstTimestampToken else { return scores }
        let size = try scores.size(-1)
        func forbid(_ range: Range<Int>, _ scores: Tensor) throws {
            try scores.slice(range.clamped(to: 0..<size), axis: -1).fillInPlace(-.infinity)
        }
        try forbid(first - 1..<first, scores)
        for (row, text) in texts.enumerated() {
            let (range, earliest) = forbidden(text, first: first, size: size)
            let own = try scores.select(row, axis: 0)
            if let range { try forbid(range, own) }
            if earliest > first { try forbid(first..<earliest, own) }
        }
        if isFirst {
            try forbid(0..<first, scores)
            if let latest = configuration.latestFirstTimestamp, first + latest + 1 < size {
                try forbid(first + latest + 1..<size, scores)
            }
        }
        // A timestamp follows where all of them together are likelier than any one other token.
        let likelihoods = try scores.logSoftmax()
        let timestamps = try likelihoods.slice(first..<size, axis: -1).logSumExponential(axis: -1)
        let others = try likelihoods.slice(0..<first, axis: -1).maximum(axes: [-1])
        let isTimestamp = try (timestamps - others).isGreater(than: 0).unsqueezed(-1)  // [samples, 1]
        let places = try Tensor.range(0..<size, .float32, device: scores.device)
        return try scores.masked(isTimestamp.and(places.isLess(than: Double(first))), value: -.infinity)
    }

    /// After one timestamp another must follow, or the end; after two a text; and none goes back.
    private func forbidden(
        _ text: [Int], first: Int, size: Int
    ) -> (range: Range<Int>?, earliest: Int) {
        let isLast = text.last.map { $0 >= first } ?? false
        let isBeforeLast = text.count < 2 || text[text.count - 2] >= first
        var range: Range<Int>?
        if isLast { range = isBeforeLast ? first..<size : 0..<configuration.endTokens[0] }
        guard let last = text.last(where: { $0 >= first }) else { return (range, first) }
        return (range, isLast && !isBeforeLast ? last : last + 1)
    }
}
