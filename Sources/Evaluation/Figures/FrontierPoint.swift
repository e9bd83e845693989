/// One point of a frontier.
public struct FrontierPoint: Sendable, Equatable {
    /// Load, or share of the dense model's multiply-accumulates.
    public let compute: Double
    public let quality: Double
    /// What stands beside the point, such as its budget.
    public let label: String

    public init(compute: Double, quality: Double, label: String) {
        self.compute = compute
        self.quality = quality
        self.label = label
    }
}
