import AdaptiveComputation
import Datasets
import Foundation
import Testing
import Torch
import Transformers

@testable import Conversion

/// Conversions with `modules: auto`.
@Suite struct AutomaticModulesTests {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")

    func options(_ target: Double) -> ConversionOptions {
        var options = ConversionOptions()
        options.modules = .automatic
        options.targetCost = target
        options.calibrationBatches = 2
        options.checkpointSteps = 2
        for path: WritableKeyPath<ConversionOptions, ConversionOptions.Optimisation> in [
            \.distillation.optimisation, \.gatePretraining.optimisation, \.finetuning.optimisation,
        ] {
            options[keyPath: path].steps = 4
            options[keyPath: path].batchSize = 4
        }
        return options
    }

    func convert(
        _ model: URL, _ output: String, _ options: ConversionOptions, phases: [TrainingPhase]
    ) throws -> (model: AdaptiveModel, selection: ModuleSelection?) {
        var selection: ModuleSelection?
        var converter = Converter(
            modelFolder: model, output: folder.appendingPathComponent(output),
            dataset: RandomTokens(vocabulary: 60), options: options)
        converter.reportSelection = { selection = $0 }
        let teacher = goldens.appendingPathComponent("bert_classifier")
        let converted = try converter.run(phases, teacherFolder: phases[0] == .distillation ? nil : teacher)
        return (converted, selection)
    }

    /// The chosen modules, and no others, are adaptive; they reach the cost; later phases and runs that go
    /// on take them as they are.
    @Test func theChoiceIsWrittenAndKept() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let dense = goldens.appendingPathComponent("bert_classifier")
        let options = options(0.8)
        let (model, selection) = try convert(dense, "one", options, phases: [.distillation])
        let chosen = try #require(selection)
        #expect(model.modules.map(\.place) == chosen.cuts.map(\.place))
        let all = try AdaptiveModel.load(dense).network.slotPlaces
        #expect(!model.modules.isEmpty && model.modules.count < all.count)
        #expect(chosen.cost <= 0.8 && chosen.cost > 0.6)
        let one = folder.appendingPathComponent("one")
        #expect(try AdaptiveModel.load(one).configuration == model.configuration)
        let (two, none) = try convert(one, "two", options, phases: [.gatePretraining])
        #expect(two.modules.map(\.place) == model.modules.map(\.place) && none == nil)
        let summary = chosen.summary(learnerCount: 4)
        #expect(summary.split(separator: "\n").count == chosen.cuts.count + 1)
    }

    @Test func aTargetOutOfReachEndsTheRun() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let error = #expect(throws: ConversionError.self) {
            try convert(
                goldens.appendingPathComponent("bert_classifier"), "none", options(0.01),
                phases: [.distillation])
        }
        #expect(error?.localizedDescription.contains("targetCost 0.01 cannot be reached") == true)
    }
}
