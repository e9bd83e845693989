import Torch

/// A number with the range in which it lies at some confidence.
public struct Interval: Sendable, Equatable {
    public let estimate: Double
    public let lower: Double
    public let upper: Double
    /// 0…1, such as 0.95.
    public let confidence: Double

    public init(estimate: Double, lower: Double, upper: Double, confidence: Double) {
        self.estimate = estimate
        self.lower = lower
        self.upper = upper
        self.confidence = confidence
    }

    /// Whether 0 lies outside.
    public var excludesZero: Bool { lower > 0 || upper < 0 }

    /// Keys: `estimate`, `lower`, `upper`, `confidence`.
    public var json: JSONValue {
        [
            "estimate": .number(estimate), "lower": .number(lower), "upper": .number(upper),
            "confidence": .number(confidence),
        ]
    }
}
