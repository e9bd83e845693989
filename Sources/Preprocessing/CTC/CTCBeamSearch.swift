import Foundation

/// The likeliest label sequences under connectionist temporal classification, each summed over its
/// alignments with the frames.
///
/// For every prefix the probabilities of its alignments that end in a blank and of those that end in its
/// last label are kept apart, since a repeated label is a new one only after a blank. A width at least
/// the number of all prefixes makes the search exact.
///
/// - Source: Graves & Jaitly 2014, algorithm 1, without a language model; Hannun 2014.
public struct CTCBeamSearch: Sendable {
    /// A label sequence and the natural logarithm of its probability.
    public struct Beam: Sendable, Equatable {
        public let labels: [Int]
        public let logProbability: Double
    }

    /// Prefixes that are kept from frame to frame.
    public let width: Int
    /// The class that stands for no label.
    public let blank: Int

    /// - Throws: ``PreprocessingError/invalidArgument(operation:expected:found:)`` for a width below 1.
    public init(width: Int, blank: Int) throws {
        guard width >= 1 else {
            throw PreprocessingError.invalidArgument(
                operation: "Searching transcripts", expected: "a beam width of at least 1", found: "\(width)")
        }
        self.width = width
        self.blank = blank
    }

    /// A prefix as the last label of another; the empty one is number 0.
    private struct Prefix {
        let parent: Int
        let label: Int
        var children: [Int: Int] = [:]
    }

    private struct Score {
        var blank = -Double.infinity
        var label = -Double.infinity
        var total: Double { logSum(blank, label) }
    }

    /// - Parameters:
    ///   - logProbabilities: `[frames, classes]`, row by row.
    ///   - classCount: classes of a frame, the blank included.
    /// - Returns: at most ``width`` sequences, the likeliest first.
    /// - Throws: ``PreprocessingError/invalidArgument(operation:expected:found:)`` for numbers that are no
    ///   whole frames, or a blank that is no class.
    public func search(_ logProbabilities: [Float], classCount: Int) throws -> [Beam] {
        guard classCount > blank, logProbabilities.count.isMultiple(of: classCount) else {
            throw PreprocessingError.invalidArgument(
                operation: "Searching transcripts",
                expected: "frames of \(classCount) classes, the blank \(blank) among them",
                found: "\(logProbabilities.count) numbers")
        }
        var prefixes = [Prefix(parent: -1, label: -1)]
        var beams = [(prefix: 0, score: Score(blank: 0))]
        for start in stride(from: 0, to: logProbabilities.count, by: classCount) {
            let frame = logProbabilities[start..<start + classCount].map(Double.init)
            var next: [Int: Score] = [:]
            for (prefix, score) in beams {
                let total = score.total
                next[prefix, default: Score()].blank.addLogarithm(total + frame[blank])
                let last = prefixes[prefix].label
                if last >= 0 { next[prefix, default: Score()].label.addLogarithm(score.label + frame[last]) }
                for label in 0..<classCount where label != blank {
                    let before = label == last ? score.blank : total
                    if before == -.infinity || frame[label] == -.infinity { continue }
                    let longer = Self.child(prefix, label, &prefixes)
                    next[longer, default: Score()].label.addLogarithm(before + frame[label])
                }
            }
            beams = next.map { (prefix: $0.key, score: $0.value) }
            beams.sort { ($1.score.total, $0.prefix) < ($0.score.total, $1.prefix) }
            beams.removeLast(max(0, beams.count - width))
        }
        return beams.map { Beam(labels: Self.labels($0.prefix, prefixes), logProbability: $0.score.total) }
    }

    private static func child(_ prefix: Int, _ label: Int, _ prefixes: inout [Prefix]) -> Int {
        if let child = prefixes[prefix].children[label] { return child }
        prefixes.append(Prefix(parent: prefix, label: label))
        prefixes[prefix].children[label] = prefixes.count - 1
        return prefixes.count - 1
    }

    private static func labels(_ prefix: Int, _ prefixes: [Prefix]) -> [Int] {
        var labels: [Int] = []
        var number = prefix
        while number > 0 {
            labels.append(prefixes[number].label)
            number = prefixes[number].parent
        }
        return labels.reversed()
    }
}

/// `log(exp(a) + exp(b))`.
private func logSum(_ a: Double, _ b: Double) -> Double {
    let high = max(a, b)
    return high == -.infinity ? high : high + log1p(exp(min(a, b) - high))
}

extension Double {
    fileprivate mutating func addLogarithm(_ other: Double) { self = logSum(self, other) }
}
