import AdaptiveComputation
import Foundation
import Torch
import Transformers

/// The `"moefication"` object of a `config.json`: a model whose feed-forwards are mixtures of experts.
public struct MoEfication: Sendable, Equatable {
    public let expertWidth: Int
    public let routerWidth: Int

    static let key = "moefication"

    var json: JSONValue {
        ["expert_width": .integer(expertWidth), "router_width": .integer(routerWidth)]
    }

    /// What a model's `config.json` says; nil for a model of another kind.
    ///
    /// - Throws: `JSONError` for wrong entries.
    public init?(_ configuration: JSONValue, source: String) throws {
        guard let object = configuration[Self.key] else { return nil }
        let reader = try JSONObjectReader(object, source: source, path: Self.key)
        expertWidth = try reader.integer("expert_width", in: 1...1_000_000)
        routerWidth = try reader.integer("router_width", in: 1...1_000_000)
    }

    init(_ options: MoEficationOptions) {
        expertWidth = options.expertWidth
        routerWidth = options.routerWidth
    }

    /// The configuration of the model with ReLU that the experts are parts of.
    static func withReLU(_ configuration: JSONValue) -> JSONValue {
        guard case .object(var object) = configuration else { return configuration }
        let key = ["activation_function", "hidden_act"].first { object[$0] != nil } ?? "hidden_act"
        object[key] = "relu"
        return .object(object)
    }

    /// Puts experts, whose parameters are undefined, in the places of a model's feed-forwards.
    ///
    /// - Throws: `ModelError.invalidSlot(_:)` for a model without feed-forwards of two layers, and for a
    ///   hidden width that experts do not divide.
    func replaceFeedForwards(of network: inout any TransformerModel) throws {
        let places = network.slotPlaces.filter { network.slot(at: $0) is FeedForward }
        guard !places.isEmpty else {
            throw ModelError.invalidSlot("The model has no feed-forwards of two layers to part into experts.")
        }
        for place in places {
            guard let dense = network.slot(at: place) as? FeedForward else { continue }
            guard dense.hiddenWidth % expertWidth == 0, dense.hiddenWidth > expertWidth else {
                throw ModelError.invalidSlot(
                    "\(place) has \(dense.hiddenWidth) neurons, which cannot be parted into experts of "
                        + "\(expertWidth).")
            }
            try network.replaceSlot(
                at: place,
                with: ExpertFeedForward(
                    inputWidth: dense.inputWidth, outputWidth: dense.outputWidth,
                    expertCount: dense.hiddenWidth / expertWidth, expertWidth: expertWidth,
                    routerWidth: routerWidth))
        }
    }

    /// Reads a folder that ``MoEficationTrainer`` wrote.
    ///
    /// - Returns: nil for a folder of another kind.
    /// - Throws: `ModelError`, `JSONError`, `SafetensorsError` or `FileError`.
    public static func load(
        _ folder: URL, type: DataType? = .float32, device: Device = .cpu
    ) throws -> AdaptiveModel? {
        let file = folder.appendingPathComponent("config.json")
        let configuration = try JSONValue(contentsOf: file)
        guard let moefication = try MoEfication(configuration, source: file.relativePath) else { return nil }
        let checkpoint = try SafetensorsCheckpoint(folder)
        var network = try ModelFolder.makeModel(
            configuration: configuration, source: file.relativePath,
            hasTensor: { checkpoint.find($0) != nil })
        try moefication.replaceFeedForwards(of: &network)
        try network.load(checkpoint, from: folder, type: type, device: device)
        return AdaptiveModel(dense: network)
    }
}
