import Foundation
import Torch
import Transformers

/// A pretrained model, dense or with adaptive modules in some of its slots.
public struct AdaptiveModel: Sendable {
    public private(set) var network: any TransformerModel
    /// nil for a dense model.
    public var configuration: AdaptiveConfiguration?

    public init(dense network: any TransformerModel) {
        self.network = network
    }

    /// Puts an adaptive module in each described slot; their parameters are undefined until they
    /// are initialised or loaded.
    ///
    /// - Throws: `ModelError.invalidSlot(_:)` for a slot that does not exist or has other widths.
    public init(_ network: any TransformerModel, _ configuration: AdaptiveConfiguration) throws {
        self.network = network
        self.configuration = configuration
        for description in configuration.modules {
            guard let slot = network.slot(at: description.place),
                slot.inputWidth == description.inputWidth, slot.outputWidth == description.outputWidth
            else {
                throw ModelError.invalidSlot(
                    "The model has no slot \(description.place) of widths \(description.inputWidth) and "
                        + "\(description.outputWidth).")
            }
            try self.network.replaceSlot(
                at: description.place,
                with: AdaptiveModule(
                    description, gateWidth: configuration.gateWidth,
                    isBudgetConditioned: configuration.isBudgetConditioned))
        }
    }

    /// What makes the load the budget that is asked for; nil before budgets are calibrated.
    public private(set) var calibration: BudgetCalibration?

    /// The same model, whose parameters are shared, with its budgets calibrated; nil takes a calibration
    /// away.
    ///
    /// - Throws: `ModelError.invalidSlot(_:)` for a calibration of other modules.
    public func calibrated(_ calibration: BudgetCalibration?) throws -> AdaptiveModel {
        var model = try adding(
            calibration.map { calibration in
                Dictionary(uniqueKeysWithValues: calibration.modules.map { ($0.place, $0.offsets) })
            })
        model.calibration = calibration
        return model
    }

    /// The same model with offsets for each gate in the place of its own term for the budget; nil takes
    /// them away.
    func adding(_ offsets: [SlotPlace: BudgetOffsets]?) throws -> AdaptiveModel {
        var model = self
        for (place, module) in modules {
            var module = module
            module.gate.offsets = offsets?[place]
            let choices = module.learners.count + 1 - module.minimumChoice
            guard offsets == nil || module.gate.offsets?.rows[0].count == choices else {
                throw ModelError.invalidSlot(
                    "The calibration does not fit \(place) and its \(choices) choices.")
            }
            try model.network.replaceSlot(at: place, with: module)
        }
        return model
    }

    mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws {
        try network.replaceSlot(at: place, with: slot)
    }

    /// The adaptive modules and their places, in the order of the configuration.
    public var modules: [(place: SlotPlace, module: AdaptiveModule)] {
        (configuration?.modules ?? []).compactMap { description in
            (network.slot(at: description.place) as? AdaptiveModule).map { (description.place, $0) }
        }
    }

    /// Whether what runs can be chosen: false for a dense model.
    public var isAdaptive: Bool {
        network is any SelfCosting
            || network.slotPlaces.contains { network.slot(at: $0) is any PartitionedSlot }
    }

    /// The model with some of its adaptive modules alone, and not calibrated; in the places of the others
    /// stand the dense model's modules.
    ///
    /// - Parameters:
    ///   - places: the modules that stay adaptive.
    ///   - dense: the model that this one came from.
    /// - Throws: `ModelError.invalidSlot(_:)` where that model has no such places.
    public func keeping(_ places: Set<SlotPlace>, dense: any TransformerModel) throws -> AdaptiveModel {
        var kept = try calibrated(nil)
        kept.configuration?.modules.removeAll { !places.contains($0.place) }
        for (place, _) in modules where !places.contains(place) {
            guard let slot = dense.slot(at: place) else {
                throw ModelError.invalidSlot("The dense model has no slot \(place).")
            }
            try kept.network.replaceSlot(at: place, with: slot)
        }
        return kept
    }

    /// The `config.json` of the dense model: without what tells of adaptive modules.
    public var baseConfiguration: JSONValue {
        guard case .object(var object) = network.configuration else { return network.configuration }
        object["acm"] = nil
        return .object(object)
    }

    public func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs {
        try network(inputs, pass)
    }

    /// Reads a Hugging Face folder, dense or converted.
    ///
    /// - Throws: `ModelError`, `JSONError`, `SafetensorsError` or `FileError`.
    public static func load(
        _ folder: URL, type: DataType? = .float32, device: Device = .cpu
    ) throws -> AdaptiveModel {
        let file = folder.appendingPathComponent("config.json")
        let configuration = try JSONValue(contentsOf: file)
        guard let acm = configuration["acm"] else {
            return AdaptiveModel(dense: try ModelFolder.load(folder, type: type, device: device))
        }
        let checkpoint = try SafetensorsCheckpoint(folder)
        let reader = try JSONObjectReader(acm, source: file.relativePath, path: "acm")
        let dense = try ModelFolder.makeModel(
            configuration: configuration, source: file.relativePath,
            hasTensor: { checkpoint.find($0) != nil })
        let model = try AdaptiveModel(dense, AdaptiveConfiguration(reader))
        try model.network.load(checkpoint, from: folder, type: type, device: device)
        let calibration = folder.appendingPathComponent(BudgetCalibration.fileName)
        guard FileManager.default.fileExists(atPath: calibration.path) else { return model }
        return try model.calibrated(
            BudgetCalibration(
                JSONObjectReader(contentsOf: calibration), AdaptiveConfiguration(reader).modules))
    }

    /// Writes a Hugging Face folder: the base's `config.json` with an `"acm"` object, the weights,
    /// the calibration, and the files of the base's tokenizer and processor. Each file appears whole
    /// or not at all, `config.json` last.
    ///
    /// - Parameters:
    ///   - folder: where to write; made if it is missing.
    ///   - source: the folder that the tokenizer and preprocessor files come from.
    public func save(to folder: URL, copyingFrom source: URL?) throws {
        guard !isPacked else {
            throw ModelError.invalidSlot("A model with packed weights cannot be saved; save it before.")
        }
        let files = FileManager.default
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        if let source, source.standardizedFileURL != folder.standardizedFileURL {
            for name in try files.contentsOfDirectory(atPath: source.path).sorted()
            where Self.isAuxiliary(name) {
                let content = try Data(contentsOf: source.appendingPathComponent(name))
                try AtomicFile.write(content, to: folder.appendingPathComponent(name))
            }
        }
        try SafetensorsWriter.write(
            try network.checkpointParameters(), to: folder.appendingPathComponent("model.safetensors"))
        let calibrationFile = folder.appendingPathComponent(BudgetCalibration.fileName)
        if let calibration {
            try calibration.json.write(to: calibrationFile)
        } else if files.fileExists(atPath: calibrationFile.path) {
            try files.removeItem(at: calibrationFile)
        }
        var json = network.configuration
        if let configuration, case .object(var object) = json {
            object["acm"] = configuration.json
            json = .object(object)
        }
        try json.write(to: folder.appendingPathComponent("config.json"))
    }

    /// Files beside the weights that a converted model keeps from its base.
    private static func isAuxiliary(_ name: String) -> Bool {
        [
            "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
            "special_tokens_map.json", "generation_config.json", "vocab.json", "merges.txt",
            "added_tokens.json",
        ].contains(name)
    }
}
