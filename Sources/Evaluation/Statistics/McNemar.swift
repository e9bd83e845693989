import Foundation
import Torch

/// Whether two classifiers are right equally often on the same samples: the exact test of McNemar.
///
/// Only samples on which one of both is right count; without a difference either has half of them. The
/// probability is that of a split at least as uneven.
///
/// - Source: McNemar 1947; Agresti 2013, section 11.1.
public struct McNemar: Sendable, Equatable {
    /// Samples on which the first alone is right.
    public let firstAlone: Int
    /// Samples on which the second alone is right.
    public let secondAlone: Int

    public init(firstAlone: Int, secondAlone: Int) {
        self.firstAlone = firstAlone
        self.secondAlone = secondAlone
    }

    /// - Parameters: for each sample 1 where it is right, 0 where not; others are left out.
    init(_ first: [Float], _ second: [Float]) {
        var (a, b) = (0, 0)
        for pair in zip(first, second) {
            if pair == (1, 0) { a += 1 }
            if pair == (0, 1) { b += 1 }
        }
        self.init(firstAlone: a, secondAlone: b)
    }

    /// Two-sided, 0…1; 1 where both are right on the same samples.
    public var probability: Double {
        let count = Double(firstAlone + secondAlone)
        let tail = (0...min(firstAlone, secondAlone)).reduce(0.0) { sum, successes in
            let k = Double(successes)
            let ways = lgamma(count + 1) - lgamma(k + 1) - lgamma(count - k + 1)
            return sum + exp(ways - count * log(2))
        }
        return min(1, 2 * tail)
    }

    /// Keys: `first_alone`, `second_alone`, `probability`.
    public var json: JSONValue {
        [
            "first_alone": .integer(firstAlone), "second_alone": .integer(secondAlone),
            "probability": .number(probability),
        ]
    }
}
