import Testing

@testable import Conversion

@Suite struct ConversionOptionsTests {
    @Test func optionsComeBackFromTheirYAML() throws {
        for options in [ConversionOptions(), .paper(budget: 0.25)] {
            let text = try options.yaml()
            #expect(try ConversionOptions().overlaid(withYAML: text, source: "test") == options)
        }
    }

    @Test func partsOfTheYAMLChangeOnlyThemselves() throws {
        let text = "learners: 8\nfinetuning:\n  optimisation:\n    steps: 7\nmodules: [query, feedForward]"
        let options = try ConversionOptions().overlaid(withYAML: text, source: "test")
        var expected = ConversionOptions()
        expected.learners = 8
        expected.finetuning.optimisation.steps = 7
        expected.modules = [.query, .feedForward]
        #expect(options == expected)
        #expect(try ConversionOptions().overlaid(withYAML: "", source: "test") == ConversionOptions())
    }

    @Test func modulesAreKindsOrChosen() throws {
        let options = try ConversionOptions().setting("modules", to: "auto").setting("targetCost", to: "0.3")
        #expect(options.modules == .automatic && options.targetCost == 0.3)
        #expect(try ConversionOptions().overlaid(withYAML: options.yaml(), source: "test") == options)
        #expect(try options.setting("modules", to: "[output]").modules == [.output])
        let error = #expect(throws: ConversionError.self) {
            try ConversionOptions().setting("modules", to: "feedForward")
        }
        #expect(error?.localizedDescription.contains("expected auto or a list of kinds") == true)
    }

    @Test func imagesAreAugmentedWhenAskedOrInThePapersRecipe() throws {
        #expect(!ConversionOptions().augmentation.enabled)
        #expect(ConversionOptions.paper(budget: 0.5).augmentation.enabled)
        #expect(try ConversionOptions().setting("augmentation.enabled", to: "true").augmentation.enabled)
    }

    @Test func singleOptionsAreSetByPath() throws {
        let options = try ConversionOptions().setting("finetuning.budgetWeight", to: "3")
        #expect(options.finetuning.budgetWeight == 3)
        #expect(try ConversionOptions().setting("precision", to: "bfloat16").precision == .bfloat16)
    }

    @Test func theTemperatureMovesInEqualRatios() {
        var finetuning = ConversionOptions.Finetuning()
        #expect(finetuning.temperature(at: 0.3) == 0.8)
        (finetuning.temperature, finetuning.finalTemperature) = (4, 0.25)
        #expect([0, 0.5, 1].map(finetuning.temperature(at:)) == [4, 1, 0.25])
    }

    @Test(arguments: [
        "finetuning:\n  controlGain: -1",
        "learner: 4", "learners: many", "learners: 0", "finetuning: 3", "finetuning:\n  lowestBudget: 2",
        "finetuning:\n  no_such: 2", "modules: [head]", "recipe: best", "[1, 2]", "a: b: c",
        "distillation:\n  optimisation:\n    batchSize: 0", "finetuning:\n  temperature: 0",
        "finetuning:\n  finalTemperature: 0",
        "checkpointSteps: 0", "calibrationBatches: -1", "distillation:\n  optimisation:\n    epochs: .inf",
        "distillation:\n  optimisation:\n    epochs: 1e300", "minimumChoiceOfFeedForward: 5",
        "minimumChoiceOfFeedForward: 4",
        "distillation:\n  optimisation:\n    warmupSteps: -9", "finetuning:\n  labelSmoothing: 7",
        "finetuning:\n  distillationTemperature: .nan", "gatePretraining:\n  improvement: .inf",
        "augmentation:\n  smallestCrop: 0", "finetuning:\n  optimisation:\n    microBatchSize: 65",
        "distillation:\n  optimisation:\n    microBatchSize: -1", "heldOut:\n  share: 1",
        "heldOut:\n  share: -0.1", "heldOut:\n  share: 0.1\n  split: dev", "heldOut:\n  steps: 0",
        "heldOut:\n  patience: -1", "heldOut:\n  budgets: []", "heldOut:\n  budgets: [0.5, 2]",
        "heldOut:\n  samples: -1", "finetuning:\n  recomputesBlocks: 3",
        "targetCost: 0", "targetCost: 1", "targetCost: .nan",
        "modules: []",
        "modules: auto\nrecipe: paper",
    ])
    func wrongYAMLIsRefused(text: String) {
        #expect(throws: ConversionError.self) {
            try ConversionOptions().overlaid(withYAML: text, source: "test")
        }
    }
}
