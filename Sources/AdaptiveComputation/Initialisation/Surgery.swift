import Foundation
import Torch
import Transformers

/// Where learners come from.
public enum LearnerRecipe: String, Sendable, CaseIterable, Codable {
    /// Cut out of the dense module.
    case teacher
    /// Fresh random layers, as in the paper.
    case paper
}

/// Which modules of a model become adaptive, and their sizes.
public struct SurgeryOptions: Sendable, Equatable {
    public var kinds: [SlotKind]
    /// Of these kinds the only ones to replace; nil for all.
    public var places: Set<SlotPlace>?
    public var learnerCount: Int
    public var gateWidth: Int
    public var recipe: LearnerRecipe
    public var isBudgetConditioned: Bool
    public var minimumChoiceOfFeedForward: Int
    public var minimumChoiceOfProjection: Int

    public init(
        kinds: [SlotKind] = [.feedForward], places: Set<SlotPlace>? = nil, learnerCount: Int = 4,
        gateWidth: Int = 16,
        recipe: LearnerRecipe = .teacher, isBudgetConditioned: Bool = true,
        minimumChoiceOfFeedForward: Int = 0, minimumChoiceOfProjection: Int = 1
    ) {
        self.kinds = kinds
        self.places = places
        self.learnerCount = learnerCount
        self.gateWidth = gateWidth
        self.recipe = recipe
        self.isBudgetConditioned = isBudgetConditioned
        self.minimumChoiceOfFeedForward = minimumChoiceOfFeedForward
        self.minimumChoiceOfProjection = minimumChoiceOfProjection
    }
}

extension TransformerModel {
    /// The places whose modules can be cut into learners: all but feed-forwards of three matrices.
    public var placesOfTeachers: [SlotPlace] {
        slotPlaces.filter { slot(at: $0) is FeedForward || slot(at: $0) is Linear }
    }
}

extension AdaptiveModel {
    /// Replaces dense modules by adaptive ones of the same cost, with initialised parameters.
    ///
    /// - Parameters:
    ///   - teacher: a dense model; the result shares the parameters that are not replaced.
    ///   - options: which modules are replaced, and the sizes of what replaces them.
    ///   - calibration: batches of inputs for the teacher-derived recipe.
    public static func convert(
        _ teacher: any TransformerModel, _ options: SurgeryOptions, calibration: [ModelInputs]
    ) throws -> AdaptiveModel {
        let places = teacher.slotPlaces.filter {
            options.kinds.contains($0.kind) && options.places?.contains($0) != false
        }
        let descriptions = try places.map { try describe($0, teacher, options) }
        let model = try AdaptiveModel(
            teacher,
            AdaptiveConfiguration(
                modules: descriptions, gateWidth: options.gateWidth,
                isBudgetConditioned: options.isBudgetConditioned))
        let device = teacher.namedParameters().first?.tensor.device ?? .cpu
        let modules = Dictionary(uniqueKeysWithValues: model.modules.map { ($0.place, $0.module) })
        for group in SlotStatistics.groups(places, of: teacher) {
            let statistics = SlotStatistics(teacher, places: group)
            if options.recipe == .teacher { for inputs in calibration { try statistics.add(inputs) } }
            for place in group {
                guard let module = modules[place], let dense = teacher.slot(at: place) else { continue }
                try module.move(to: device)
                switch options.recipe {
                case .teacher: try module.initialise(from: dense, at: place, statistics)
                case .paper:
                    try module.learners.reset()
                    try module.gate.reset()
                }
            }
        }
        return model
    }

    private static func describe(
        _ place: SlotPlace, _ teacher: any TransformerModel, _ options: SurgeryOptions
    ) throws -> ModuleDescription {
        let count = options.learnerCount
        guard let slot = teacher.slot(at: place), count >= 1 else {
            throw ModelError.invalidSlot("\(place) cannot be replaced by \(count) learners.")
        }
        let width: Int
        let activation: Activation
        if let feedForward = slot as? FeedForward {
            // The teacher's neurons must find a place; fresh ones cost what they replace.
            let spare = options.recipe == .teacher ? count - 1 : count / 2
            width = max(1, (feedForward.hiddenWidth + spare) / count)
            activation = feedForward.activation
        } else if let feedForward = slot as? SwiGLUFeedForward {
            guard options.recipe == .paper else {
                throw ModelError.invalidSlot(
                    "\(place) is a SwiGLU feed-forward, whose neurons cannot be made into learners of two "
                        + "layers; convert only projections, or take fresh learners with the paper's recipe.")
            }
            // Two matrices at the cost of the teacher's three.
            width = max(1, (feedForward.hiddenWidth * 3 + count) / (2 * count))
            activation = .silu
        } else {
            let (inputs, outputs) = (Double(slot.inputWidth), Double(slot.outputWidth))
            let hidden = (inputs * outputs + outputs) / (inputs + outputs + 1)
            width = max(1, Int((hidden / Double(count)).rounded()))
            activation = options.recipe == .teacher ? .identity : .gelu
        }
        let minimum =
            place.kind == .feedForward
            ? options.minimumChoiceOfFeedForward : options.minimumChoiceOfProjection
        guard (0...count).contains(minimum) else {
            throw ModelError.invalidSlot("The minimum choice must lie in 0...\(count), found \(minimum).")
        }
        return ModuleDescription(
            place: place, inputWidth: slot.inputWidth, outputWidth: slot.outputWidth,
            learnerCount: count, learnerWidth: width, minimumChoice: minimum, activation: activation)
    }
}
