import AdaptiveComputation
import Torch
import Transformers

extension ModuleSelection {
    /// Converts those modules of a dense model that reach `targetCost` at the least error.
    ///
    /// All modules are made adaptive; each alone is cut to every number of learners, and what that does
    /// to the model's output is measured; those that are not chosen get their dense module back.
    ///
    /// - Parameters:
    ///   - dense: the dense model.
    ///   - options: their sizes and `targetCost`.
    ///   - calibration: batches that the learners are fitted to.
    ///   - measured: batches that their effects are measured on.
    /// - Throws: ``ConversionError`` where the cost cannot be reached, and what the model throws.
    static func convert(
        _ dense: AdaptiveModel, _ options: ConversionOptions, calibration: [ModelInputs],
        measured: [ModelInputs]
    ) throws -> (model: AdaptiveModel, selection: ModuleSelection) {
        var surgery = options.surgery
        surgery.places = Set(dense.network.placesOfTeachers)
        let all = try AdaptiveModel.convert(dense.network, surgery, calibration: calibration)
        let effects = try ModuleEffects(all, dense: dense)
        let measurement = try effects.measure(measured)
        let denseCost = try ModelCost(dense, tokenCount: measurement.tokenCount).total()
        let selection = try ModuleSelection(
            effects.candidates(measurement.effects, tokenCount: measurement.tokenCount),
            denseCost: denseCost, target: options.targetCost)
        let chosen = Set(selection.cuts.map(\.place))
        return (try all.keeping(chosen, dense: dense.network), selection)
    }

    /// One line for each module that was chosen, and one for all of them.
    public func summary(learnerCount: Int) -> String {
        let lines = cuts.map { "  \($0.place): \($0.learnerCount) of \(learnerCount) learners" }
        let share = (cost * 1000).rounded() / 1000
        let title = "\(cuts.count) modules, \(share) of the dense model's cost:"
        return ([title] + lines).joined(separator: "\n")
    }
}
