import Foundation

/// The learning rate of each step of a run.
public struct LearningRateSchedule: Sendable {
    public enum Shape: String, Sendable, CaseIterable, Codable {
        case constant, linear, cosine
    }

    public let shape: Shape
    /// Rate after the warm-up.
    public let peak: Double
    /// Rate at the end.
    public let final: Double
    public let warmupSteps: Int
    public let totalSteps: Int

    public init(
        _ shape: Shape, peak: Double, final: Double = 0, warmupSteps: Int = 0, totalSteps: Int
    ) {
        self.shape = shape
        self.peak = peak
        self.final = final
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
    }

    /// The rate of a step, counted from 0: a straight rise over the warm-up, then the shape's way
    /// down to ``final``.
    public func rate(step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
        let progress = min(1, Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps)))
        return switch shape {
        case .constant: peak
        case .linear: peak + (final - peak) * progress
        case .cosine: final + (peak - final) * (1 + cos(.pi * progress)) / 2
        }
    }
}
