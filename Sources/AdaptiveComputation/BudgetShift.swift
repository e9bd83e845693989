import Torch

/// Asks all gates for more or fewer learners: a choice of k gets `shift · k · p`, where p is the cost of one of
/// the module's learners relative to the mean over modules, as in calibration.
public struct BudgetShift: Sendable {
    /// A number without axes, float32, without gradients.
    public let value: Tensor
    /// Multiply-accumulates of a learner for a token, the mean over modules.
    public let meanCost: Double

    public init(_ value: Tensor, meanCost: Double) {
        self.value = value
        self.meanCost = meanCost
    }

    /// What is added to the logits of a module's gate: `[allowedChoices]` float32.
    func term(_ module: AdaptiveModule) throws -> Tensor {
        let choices = try Tensor.range(
            module.minimumChoice..<module.learners.count + 1, .float32, device: value.device)
        return try choices * (Double(module.learnerCost) / meanCost) * value
    }
}
