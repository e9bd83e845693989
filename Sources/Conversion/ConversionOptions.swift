import AdaptiveComputation
import Datasets
import Foundation
import Transformers

/// Everything that decides a conversion; read from YAML, written back into the run's folder.
///
/// The defaults are this project's recipe; ``paper(budget:)`` gives that of Wójcik et al. 2025, appendix A.
public struct ConversionOptions: TrainingOptions, Equatable {
    /// One training's optimisation: Adam, a cosine to `finalLearningRate`, gradients clipped.
    public struct Optimisation: Codable, Sendable, Equatable {
        public var learningRate: Double
        public var finalLearningRate = 1e-6
        public var warmupSteps = 0
        public var gradientNorm = 1.0
        public var batchSize: Int
        /// Samples that go through the models at once; gradients of a batch are added up from such parts,
        /// which takes less memory. 0 takes the whole batch.
        public var microBatchSize = 0
        public var epochs: Double
        /// Ends the phase after so many steps, whatever the epochs; 0 lets the epochs decide.
        public var steps = 0

        public init(learningRate: Double, batchSize: Int, epochs: Double) {
            self.learningRate = learningRate
            self.batchSize = batchSize
            self.epochs = epochs
        }
    }

    /// Phase I.
    public struct Distillation: Codable, Sendable, Equatable {
        public var optimisation = Optimisation(learningRate: 3e-4, batchSize: 64, epochs: 1)
        /// Each learner sees those before it as constants.
        public var greedy = false
    }

    /// Phase II.
    public struct GatePretraining: Codable, Sendable, Equatable {
        public var optimisation = Optimisation(learningRate: 1e-2, batchSize: 64, epochs: 1)
        public var labelRule = LabelRule.budget
        /// For the rules `method` and `paper`: a learner helps when it divides the distance by more
        /// than this.
        public var improvement = 1.2
    }

    /// Phase III.
    public struct Finetuning: Codable, Sendable, Equatable {
        public var optimisation = Optimisation(learningRate: 1e-4, batchSize: 64, epochs: 5)
        /// The gates' learning rate is this many times the others'.
        public var gateRateFactor = 30.0
        /// The budget is drawn uniformly from here at every step; equal ends fix it.
        public var lowestBudget = 0.15
        public var highestBudget = 1.0
        /// Whether every step takes the lowest and the highest budget besides the drawn one, for three times
        /// the compute; the loss is the mean of the three (the sandwich rule of Yu & Huang 2019).
        public var sandwich = false
        /// Of the gates' Gumbel-softmax at the first step and at the last, in equal ratios between.
        public var temperature = 0.8
        public var finalTemperature = 0.8
        /// How far a step moves the shift of its budget for each unit of `β - load`, by integral control; 0 leaves
        /// loads to the budget's loss, and so does `calibrationSamples: 0`, since a model keeps no shifts of its
        /// training.
        public var controlGain = 2.0
        public var budgetWeight = 5.0
        public var entropyWeight = 0.01
        public var diversityWeight = 0.01
        /// Share of the teacher in the task's loss; 1 needs no labels, 0 no teacher.
        public var distillationWeight = 0.5
        public var distillationTemperature = 2.0
        public var labelSmoothing = 0.0
        /// Whether a speech model learns with spans of frames and channels hidden, as its configuration's
        /// `mask_time_prob` and `mask_feature_prob` say; its teacher sees all.
        public var hidesSpans = false
        /// Whether backward computes each block again instead of keeping what is between its input and
        /// output: less memory for about a third more time.
        public var recomputesBlocks = false

        public init() {}

        /// The budget at a place in 0…1 of the range.
        func budget(at place: Double) -> Double {
            lowestBudget + (highestBudget - lowestBudget) * place
        }

        /// The temperature at a share of the phase, 0…1.
        func temperature(at progress: Double) -> Double {
            temperature * pow(finalTemperature / temperature, progress)
        }
    }

    /// Samples that are not trained on, which tell the best weights of phase III.
    public struct HeldOut: Codable, Sendable, Equatable {
        /// A part of the data by its name, such as `dev`; empty for none.
        public var split = ""
        /// Share of the training data, by a hash of the samples' names, where no split is named; 0 for none.
        public var share = 0.0
        /// At most so many samples; 0 takes all.
        public var samples = 0
        /// Steps of phase III between evaluations.
        public var steps = 500
        public var budgets = [0.25, 0.5, 1]
        /// Ends phase III after so many evaluations without gain; 0 never does.
        public var patience = 0
        /// Whether the final model has the weights of the best evaluation rather than the last.
        public var keepsBest = true

        /// Whether anything is held out.
        public var isOn: Bool { !split.isEmpty || share > 0 }
    }

    public var recipe = LearnerRecipe.teacher
    /// Kinds of modules to convert; or `auto` for those single ones that reach `targetCost` at the least
    /// error, see ``ModuleSelection``.
    public var modules: ModuleChoice = [.feedForward]
    /// For `modules: auto`, the cost to reach as a share of the dense model's.
    public var targetCost = 0.5
    public var learners = 4
    /// The uniform-width cut, to compare with: each module keeps so many of its learners, every token runs
    /// them all, and there are no gates to train; 0 keeps all and lets the gates choose.
    public var uniformLearners = 0
    public var gateWidth = 16
    public var minimumChoiceOfFeedForward = 0
    public var minimumChoiceOfProjection = 1
    public var budgetConditioned = true
    /// Batches of the training data that learners are fitted to.
    public var calibrationBatches = 16
    /// Samples of the training data on which budgets are calibrated after phase III, fewer where they have
    /// many tokens; 0 leaves the loads as training made them.
    public var calibrationSamples = 2048
    public var maximumLength = 128
    public var seed: UInt64 = 0
    /// `bfloat16` runs matrix products so; `float32` everything in full.
    public var precision = Precision.float32
    /// Steps between checkpoints.
    public var checkpointSteps = 500
    public var distillation = Distillation()
    public var gatePretraining = GatePretraining()
    public var finetuning = Finetuning()
    public var heldOut = HeldOut()
    /// Of training images; see `AugmentationOptions`.
    public var augmentation = AugmentationOptions()

    public enum Precision: String, Codable, Sendable, CaseIterable { case float32, bfloat16 }

    /// Which number of learners phase II takes for the right one.
    public enum LabelRule: String, Codable, Sendable, CaseIterable {
        /// The one that spends the step's budget where it lessens the modules' error most.
        case budget
        /// The same with errors weighed by how much they change what the dense model says, for a backward pass a step.
        case sensitivity
        /// The first after which the next learner no longer helps enough.
        case method
        /// One more than that, as the paper's formula says.
        case paper
    }

    public init() {}

    /// The paper's recipe: random learners, one budget, no teacher in phase III.
    public static func paper(budget: Double) -> ConversionOptions {
        var options = ConversionOptions()
        options.recipe = .paper
        options.budgetConditioned = false
        options.calibrationSamples = 0
        options.distillation.optimisation = Optimisation(learningRate: 1e-3, batchSize: 64, epochs: 2)
        options.gatePretraining.labelRule = .paper
        options.finetuning = Finetuning()
        options.precision = .bfloat16
        options.finetuning.optimisation.batchSize = 512
        options.finetuning.optimisation.epochs = 97
        options.finetuning.gateRateFactor = 1
        options.finetuning.lowestBudget = budget
        options.finetuning.highestBudget = budget
        options.finetuning.controlGain = 0
        options.finetuning.budgetWeight = 0.1
        options.finetuning.entropyWeight = 0.05
        options.finetuning.diversityWeight = 0.05
        options.finetuning.distillationWeight = 0
        options.augmentation.enabled = true
        return options
    }

    func optimisation(of phase: TrainingPhase) -> Optimisation {
        switch phase {
        case .distillation: distillation.optimisation
        case .gatePretraining: gatePretraining.optimisation
        case .finetuning: finetuning.optimisation
        }
    }

    /// Whether phase III keeps loads at the budgets by shifts, which calibration replaces afterwards.
    var controlsLoads: Bool { finetuning.controlGain > 0 && uniformLearners == 0 && calibrationSamples > 0 }

    /// Those of some phases that have something to train: without gates there is no phase II.
    func phases(of asked: [TrainingPhase]) -> [TrainingPhase] {
        asked.filter { $0 != .gatePretraining || uniformLearners == 0 }
    }

    var surgery: SurgeryOptions {
        SurgeryOptions(
            kinds: modules.kinds ?? SlotKind.allCases, learnerCount: learners, gateWidth: gateWidth,
            recipe: recipe,
            isBudgetConditioned: budgetConditioned,
            minimumChoiceOfFeedForward: minimumChoiceOfFeedForward,
            minimumChoiceOfProjection: minimumChoiceOfProjection)
    }

    /// - Throws: ``ConversionError/option(_:)`` where the options that phase I decides are not those of
    ///   a model that went through it.
    func requireSurgery(of configuration: AdaptiveConfiguration, folder: String) throws {
        func require<Value: Equatable>(_ name: String, _ asked: Value, _ found: [Value]) throws {
            if let other = found.first(where: { $0 != asked }) {
                throw ConversionError.option(
                    "\(name) is \(asked), but phase I made \(folder) with \(other): run phase I again for another"
                )
            }
        }
        // What `auto` chose is whatever phase I made.
        if let asked = modules.kinds {
            let kinds = Set(configuration.modules.map(\.place.kind.rawValue))
            try require("modules", Set(asked.map(\.rawValue)).sorted(), [kinds.sorted()])
        }
        try require("gateWidth", gateWidth, [configuration.gateWidth])
        guard uniformLearners == 0 else {
            return try require(
                "uniformLearners", uniformLearners,
                configuration.modules.flatMap { [$0.learnerCount, $0.minimumChoice] })
        }
        try require("learners", learners, configuration.modules.map(\.learnerCount))
        try require("budgetConditioned", budgetConditioned, [configuration.isBudgetConditioned])
        for module in configuration.modules {
            let isFeedForward = module.place.kind == .feedForward
            try require(
                isFeedForward ? "minimumChoiceOfFeedForward" : "minimumChoiceOfProjection",
                isFeedForward ? minimumChoiceOfFeedForward : minimumChoiceOfProjection, [module.minimumChoice]
            )
        }
    }

    /// - Throws: ``ConversionError/option(_:)`` naming the first value that makes no sense.
    public func validate() throws {
        func require(_ condition: Bool, _ text: String) throws {
            if !condition { throw ConversionError.option(text) }
        }
        try require(modules.kinds?.isEmpty != true, "modules must be auto or name at least one kind")
        try require(
            targetCost > 0 && targetCost < 1, "targetCost must lie between 0 and 1, found \(targetCost)")
        try require(
            modules != .automatic || recipe == .teacher, "modules: auto goes with the teacher recipe")
        try require((1...1024).contains(learners), "learners must lie in 1...1024, found \(learners)")
        try require(
            AdaptiveConfiguration.gateWidths.contains(gateWidth),
            "gateWidth must lie in \(AdaptiveConfiguration.gateWidths), found \(gateWidth)")
        try require(
            (0...learners).contains(uniformLearners),
            "uniformLearners must lie in 0...learners, found \(uniformLearners)")
        for (name, minimum) in [
            ("minimumChoiceOfFeedForward", minimumChoiceOfFeedForward),
            ("minimumChoiceOfProjection", minimumChoiceOfProjection),
        ] {
            try require(
                (0...learners).contains(minimum), "\(name) must lie in 0...learners, found \(minimum)")
        }
        let fewest = (modules.kinds ?? SlotKind.allCases).map {
            $0 == .feedForward ? minimumChoiceOfFeedForward : minimumChoiceOfProjection
        }
        try require(
            uniformLearners > 0 || fewest.contains { $0 < learners },
            "the minimum choices leave no module a choice of \(learners) learners; uniformLearners makes a model "
                + "without choices")
        try require(
            calibrationBatches >= (recipe == .paper ? 0 : 1),
            "calibrationBatches must be at least 1 for the teacher recipe and not negative")
        try require(
            calibrationSamples >= 0, "calibrationSamples must not be negative, found \(calibrationSamples)")
        try require(checkpointSteps >= 1, "checkpointSteps must be at least 1, found \(checkpointSteps)")
        try require(maximumLength >= 3, "maximumLength must be at least 3, found \(maximumLength)")
        for phase in TrainingPhase.allCases { try optimisation(of: phase).validate(phase.rawValue) }
        try require(
            gatePretraining.improvement > 0 && gatePretraining.improvement.isFinite,
            "gatePretraining: improvement must be a number above 0")
        try require(
            0 < finetuning.lowestBudget && finetuning.lowestBudget <= finetuning.highestBudget
                && finetuning.highestBudget <= 1, "finetuning: budgets must satisfy 0 < lowest ≤ highest ≤ 1")
        try require(
            [
                finetuning.gateRateFactor, finetuning.controlGain, finetuning.budgetWeight,
                finetuning.entropyWeight, finetuning.diversityWeight,
            ].allSatisfy { $0 >= 0 && $0.isFinite },
            "finetuning: gateRateFactor, controlGain and the weights of budget, entropy and diversity must be "
                + "numbers from 0")
        try require(
            [finetuning.temperature, finetuning.finalTemperature, finetuning.distillationTemperature]
                .allSatisfy { $0 > 0 && $0.isFinite },
            "finetuning: temperature, finalTemperature and distillationTemperature must be numbers above 0")
        try require(
            (0..<1).contains(finetuning.labelSmoothing), "finetuning: labelSmoothing must lie in 0..<1")
        try require(
            (0...1).contains(finetuning.distillationWeight),
            "finetuning: distillationWeight must lie in 0...1")
        try require(
            (0..<1).contains(heldOut.share), "heldOut: share must lie in 0..<1, found \(heldOut.share)")
        try require(
            heldOut.split.isEmpty || heldOut.share == 0, "heldOut: give split or share, not both")
        try require(
            heldOut.samples >= 0 && heldOut.patience >= 0 && heldOut.steps >= 1,
            "heldOut: samples and patience must not be negative, steps at least 1")
        try require(
            !heldOut.budgets.isEmpty && heldOut.budgets.allSatisfy { (0...1).contains($0) },
            "heldOut: budgets must name at least one number in 0...1")
        if let problem = augmentation.problem { try require(false, "augmentation: \(problem)") }
    }
}
