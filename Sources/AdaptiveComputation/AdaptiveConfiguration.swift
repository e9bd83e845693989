import Torch
import Transformers

/// The sizes of one adaptive module.
public struct ModuleDescription: Sendable, Equatable {
    public let place: SlotPlace
    public let inputWidth: Int
    public let outputWidth: Int
    public internal(set) var learnerCount: Int
    public let learnerWidth: Int
    public internal(set) var minimumChoice: Int
    public let activation: Activation

    public init(
        place: SlotPlace, inputWidth: Int, outputWidth: Int, learnerCount: Int, learnerWidth: Int,
        minimumChoice: Int, activation: Activation
    ) {
        self.place = place
        self.inputWidth = inputWidth
        self.outputWidth = outputWidth
        self.learnerCount = learnerCount
        self.learnerWidth = learnerWidth
        self.minimumChoice = minimumChoice
        self.activation = activation
    }
}

/// How far a conversion has come.
public enum ConversionPhase: String, Sendable, CaseIterable, Codable {
    case initialised, distilled
    case gatesPretrained = "gates_pretrained"
    case finetuned
}

/// The `"acm"` object of a converted model's `config.json`.
public struct AdaptiveConfiguration: Sendable, Equatable {
    public static let gateWidths = 1...4096

    public var modules: [ModuleDescription]
    public var gateWidth: Int
    /// Whether the gates take the budget as an input, so that one model serves all budgets.
    public var isBudgetConditioned: Bool
    public var phase: ConversionPhase
    /// Lowest and highest budget that phase III trained.
    public var budgets: [Double]

    public init(
        modules: [ModuleDescription], gateWidth: Int, isBudgetConditioned: Bool,
        phase: ConversionPhase = .initialised, budgets: [Double] = []
    ) {
        self.modules = modules
        self.gateWidth = gateWidth
        self.isBudgetConditioned = isBudgetConditioned
        self.phase = phase
        self.budgets = budgets
    }

    /// - Throws: `JSONError` for a missing or wrong entry.
    public init(_ reader: JSONObjectReader) throws {
        gateWidth = try reader.integer("gate_width", in: Self.gateWidths)
        isBudgetConditioned = try reader.bool("budget_conditioned")
        phase = try reader.choice("phase")
        budgets = try reader.doubles("budgets", default: [])
        modules = try reader.objects("modules").map { module in
            let learnerCount = try module.integer("learner_count", in: 1...1024)
            return ModuleDescription(
                place: SlotPlace(
                    stack: try module.choice("stack", default: .encoder),
                    block: try module.integer("block", in: 0...100_000),
                    kind: try module.choice("kind")),
                inputWidth: try module.integer("input_width", in: 1...1_000_000),
                outputWidth: try module.integer("output_width", in: 1...1_000_000),
                learnerCount: learnerCount,
                learnerWidth: try module.integer("learner_width", in: 1...1_000_000),
                minimumChoice: try module.integer("minimum_choice", in: 0...learnerCount),
                activation: try module.choice("activation"))
        }
        var places: Set<SlotPlace> = []
        for module in modules where !places.insert(module.place).inserted {
            throw reader.invalid(
                "modules", expected: "a list that names each module once, not \(module.place) twice")
        }
    }

    public var json: JSONValue {
        let described = modules.map { module -> JSONValue in
            var object = JSONObject()
            // The encoder goes without saying: most models have no other stack.
            if module.place.stack != .encoder { object["stack"] = .string(module.place.stack.rawValue) }
            object["block"] = .integer(module.place.block)
            object["kind"] = .string(module.place.kind.rawValue)
            object["input_width"] = .integer(module.inputWidth)
            object["output_width"] = .integer(module.outputWidth)
            object["learner_count"] = .integer(module.learnerCount)
            object["learner_width"] = .integer(module.learnerWidth)
            object["minimum_choice"] = .integer(module.minimumChoice)
            object["activation"] = .string(module.activation.rawValue)
            return .object(object)
        }
        return [
            "gate_width": .integer(gateWidth), "budget_conditioned": .bool(isBudgetConditioned),
            "phase": .string(phase.rawValue), "budgets": .array(budgets.map { .number($0) }),
            "modules": .array(described),
        ]
    }
}
