import Foundation
import Torch

/// The kinds of processor that are known, with the values that stand in for absent keys.
///
/// - Source: `image_processing_pil_vit.py`, `…_deit.py` and `…_bit.py` of transformers 5.23.
private enum ProcessorKind: String, CaseIterable {
    case vit = "ViT"
    case deit = "DeiT"
    case bit = "Bit"

    /// From a processor's class name, old or new.
    init?(className: String) {
        let suffixes = ["ImageProcessor", "ImageProcessorFast", "ImageProcessorPil", "FeatureExtractor"]
        guard
            let kind = Self.allCases.first(where: { kind in
                suffixes.contains { kind.rawValue + $0 == className }
            })
        else { return nil }
        self = kind
    }

    /// From the `model_type` of a `config.json`.
    init?(modelType: String) {
        switch modelType {
        case "vit": self = .vit
        case "deit": self = .deit
        case "dinov2", "bit": self = .bit
        default: return nil
        }
    }

    var defaults: ImageProcessorConfiguration {
        let square = ImageProcessorConfiguration.Size(height: 224, width: 224)
        return switch self {
        case .vit: ImageProcessorConfiguration(resizing: .exact(square))
        case .deit:
            ImageProcessorConfiguration(
                resizing: .exact(.init(height: 256, width: 256)), interpolation: .bicubic, cropSize: square)
        case .bit:
            ImageProcessorConfiguration(
                resizing: .shortestSide(224), interpolation: .bicubic, cropSize: square,
                mean: [0.48145466, 0.4578275, 0.40821073], deviation: [0.26862954, 0.26130258, 0.27577711])
        }
    }
}

extension ImageProcessorConfiguration {
    static let operation = "Reading the image processor"

    /// Keys that say nothing about the pixels, or nothing that matters here: images always have three
    /// channels when they come to a processor.
    private static let passedOver: Set<String> = [
        "image_processor_type", "feature_extractor_type", "processor_class", "_valid_processor_keys",
        "do_convert_rgb", "return_tensors", "data_format", "input_data_format", "device",
        "disable_grouping", "default_to_square", "image_seq_length", "backend", "transformers_version",
    ]
    private static let known: Set<String> = [
        "do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor",
        "do_normalize", "image_mean", "image_std",
    ]
    private static let sideRange = 1...65_536

    /// Reads `preprocessor_config.json` of a Hugging Face model folder. Where it does not name its kind, as
    /// the first ones did not, the folder's `config.json` does.
    ///
    /// - Throws: ``PreprocessingError`` if a file is missing or malformed, or asks for what is not done here.
    public init(folder: URL) throws {
        let file = folder.appendingPathComponent("preprocessor_config.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw PreprocessingError.missingFile(
                operation: Self.operation, expected: "preprocessor_config.json", path: folder.path)
        }
        let root = try JSONCursor(file: file, operation: Self.operation)
        let kind = try Self.kind(root, folder: folder)
        self = kind.defaults
        for (key, value) in try root.members()
        where !Self.known.contains(key) && !Self.passedOver.contains(key) {
            let isOff = value.node.isNull || (key.hasPrefix("do_") && value.node == .bool(false))
            guard isOff else {
                throw value.unsupported(
                    expected: "nothing", found: try value.node.text(.compact))
            }
        }
        try read(root, kind)
    }

    private static func kind(_ root: JSONCursor, folder: URL) throws -> ProcessorKind {
        let names = ProcessorKind.allCases.map { "\($0.rawValue)ImageProcessor" }.joined(separator: ", ")
        for key in ["image_processor_type", "feature_extractor_type"] {
            guard let name = try root.optional(key) else { continue }
            let text = try name.string()
            guard let kind = ProcessorKind(className: text) else {
                throw name.unsupported(expected: "one of \(names)", found: "\"\(text)\"")
            }
            return kind
        }
        let file = folder.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw root.invalid(
                expected: "\"image_processor_type\", or a config.json beside it", found: "neither")
        }
        let type = try JSONCursor(file: file, operation: operation).required("model_type")
        let text = try type.string()
        guard let kind = ProcessorKind(modelType: text) else {
            throw type.unsupported(expected: "vit, deit, dinov2 or bit", found: "\"\(text)\"")
        }
        return kind
    }

    private mutating func read(_ root: JSONCursor, _ kind: ProcessorKind) throws {
        let defaults = kind.defaults
        func isOn(_ key: String, default value: Bool = true) throws -> Bool {
            try root.optional(key)?.boolean() ?? value
        }
        if let size = try root.optional("size") {
            resizing = try Self.resizing(size, isSquare: kind != .bit)
        }
        if try !isOn("do_resize") { resizing = nil }
        if let resample = try root.optional("resample") {
            let number = try resample.integer(in: 0...5)
            guard let found = ImageInterpolation(rawValue: number) else {
                throw resample.unsupported(
                    expected: "1 (Lanczos), 2 (bilinear) or 3 (bicubic)", found: "\(number)")
            }
            interpolation = found
        }
        if try isOn("do_center_crop", default: defaults.cropSize != nil) {
            if let size = try root.optional("crop_size") { cropSize = try Self.exactSize(size) }
            guard cropSize != nil else {
                throw root.invalid(expected: "\"crop_size\" with \"do_center_crop\"", found: "none")
            }
        } else {
            cropSize = nil
        }
        if let factor = try root.optional("rescale_factor") { rescaleFactor = try factor.double() }
        if try !isOn("do_rescale") { rescaleFactor = nil }
        normalizes = try isOn("do_normalize")
        if let numbers = try root.optional("image_mean") { mean = try numbers.perChannel() }
        if let numbers = try root.optional("image_std") {
            deviation = try numbers.perChannel()
            guard deviation.allSatisfy({ $0 > 0 }) else { throw numbers.mismatch("positive numbers") }
        }
    }

    /// One number, a pair of height and width, or an object.
    private static func resizing(_ size: JSONCursor, isSquare: Bool) throws -> Resizing {
        switch size.node {
        case .integer where !isSquare: return .shortestSide(try size.integer(in: sideRange))
        case .object(let members) where members["shortest_edge"] != nil:
            try size.expectKeys(["shortest_edge"])
            return .shortestSide(try size.required("shortest_edge").integer(in: sideRange))
        default: return .exact(try exactSize(size))
        }
    }

    private static func exactSize(_ size: JSONCursor) throws -> Size {
        switch size.node {
        case .integer:
            let side = try size.integer(in: sideRange)
            return Size(height: side, width: side)
        case .array:
            let sides = try size.elements().map { try $0.integer(in: sideRange) }
            guard sides.count == 2 else { throw size.mismatch("height and width", found: "\(sides)") }
            return Size(height: sides[0], width: sides[1])
        default:
            try size.expectKeys(["height", "width"])
            return Size(
                height: try size.required("height").integer(in: sideRange),
                width: try size.required("width").integer(in: sideRange))
        }
    }
}

extension JSONCursor {
    /// Checks that this object has no keys but these, unless with null.
    fileprivate func expectKeys(_ keys: Set<String>) throws {
        for (key, value) in try members() where !keys.contains(key) && !value.node.isNull {
            throw value.unsupported(
                expected: "only " + keys.sorted().map { "\"\($0)\"" }.joined(separator: " and "),
                found: "\"\(key)\"")
        }
    }

    fileprivate func double() throws -> Double {
        guard let value = node.doubleValue, value.isFinite else { throw mismatch("a number") }
        return value
    }

    /// Three numbers, or one for all channels.
    fileprivate func perChannel() throws -> [Double] {
        if case .array = node {
            let numbers = try elements().map { try $0.double() }
            guard numbers.count == 3 else {
                throw mismatch("3 numbers", found: "\(numbers.count)")
            }
            return numbers
        }
        return Array(repeating: try double(), count: 3)
    }
}
