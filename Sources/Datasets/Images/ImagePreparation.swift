import Foundation
import Preprocessing
import Torch
import Transformers

/// How an image of any size becomes one of the model's, for evaluation.
public enum ImageTransform: String, Codable, Sendable, CaseIterable {
    /// The shorter side to the model's size, bicubic; then the square in the middle.
    case crop
    /// As `preprocessor_config.json` says.
    case processor
}

/// Decodes images and brings them to the model's size, on the host and in whole levels of 0…255.
public struct ImagePreparation: Sendable {
    /// Height and width of what comes out.
    public let size: Int
    /// Of each channel, for values in 0…1.
    public let mean: [Double]
    public let deviation: [Double]
    private let transform: ImageTransform
    private let processor: ImageProcessor?

    /// - Parameters:
    ///   - folder: a model's; a ViT may lack `preprocessor_config.json`: then the size is that of
    ///     `config.json`, and values are normalised to -1…1, as transformers does.
    ///   - transform: how images come to the model's size.
    /// - Throws: what the files' readers throw; ``DatasetError`` for a model whose images are not square
    ///   or of no fixed size; `FileError` where the file is missing for another model.
    public init(modelFolder folder: URL, transform: ImageTransform = .crop) throws {
        let file = folder.appendingPathComponent("preprocessor_config.json")
        guard try Self.hasProcessor(folder) else {
            let config = folder.appendingPathComponent("config.json")
            let size = try JSONValue(contentsOf: config)["image_size"]?.integerValue
            guard let size, (1...65_536).contains(size) else {
                throw DatasetError.unreadable(
                    file: config.relativePath, "must have \"image_size\", a number, for a model of images")
            }
            self.init(size: size)
            return
        }
        let processor = try ImageProcessor(folder: folder)
        let configuration = processor.configuration
        var size = configuration.cropSize
        if size == nil, case .exact(let exact) = configuration.resizing { size = exact }
        if size == nil, case .shortestSide(let side) = configuration.resizing, transform == .crop {
            size = .init(height: side, width: side)
        }
        guard let size, size.height == size.width else {
            throw DatasetError.unreadable(
                file: file.relativePath, "must bring images to one square size for batches of them")
        }
        // (x · factor - mean) / deviation in terms of x / 255.
        let factor = 255 * (configuration.rescaleFactor ?? 1)
        self.init(
            size: size.height,
            mean: configuration.normalizes ? configuration.mean.map { $0 / factor } : [0, 0, 0],
            deviation: (configuration.normalizes ? configuration.deviation : [1, 1, 1]).map { $0 / factor },
            transform: transform, processor: processor)
    }

    /// Whether a folder says how images are prepared.
    ///
    /// - Throws: `FileError` where it does not and the model is no ViT, whose preparation is known.
    static func hasProcessor(_ folder: URL) throws -> Bool {
        let file = folder.appendingPathComponent("preprocessor_config.json")
        if FileManager.default.fileExists(atPath: file.path) { return true }
        guard try ModelFolder.architecture(folder).modelType == "vit" else {
            throw FileError.notFound(operation: "read", path: file.relativePath)
        }
        return false
    }

    /// The square in the middle at a size; values normalised to -1…1 unless told.
    public init(size: Int, mean: [Double] = [0.5, 0.5, 0.5], deviation: [Double] = [0.5, 0.5, 0.5]) {
        self.init(size: size, mean: mean, deviation: deviation, transform: .crop, processor: nil)
    }

    private init(
        size: Int, mean: [Double], deviation: [Double], transform: ImageTransform, processor: ImageProcessor?
    ) {
        self.size = size
        self.mean = mean
        self.deviation = deviation
        self.transform = transform
        self.processor = processor
    }

    /// - Parameters:
    ///   - name: for messages.
    ///   - crop: the rectangle to take from an image of some height and width; nil prepares it as for
    ///     evaluation.
    /// - Returns: `[3, size, size]` uint8.
    func image(
        _ bytes: Data, name: String, crop: (_ height: Int, _ width: Int) -> CropBox? = { _, _ in nil }
    ) throws -> Tensor {
        let image = try ImageDecoder.decode(bytes, name: name)
        let shape = image.shape
        if let box = crop(shape[1], shape[2]) { return try resized(image, box, size, size) }
        if transform == .processor, let processor { return try processor.resized(image) }
        // As torchvision has it: the longer side is cut to whole pixels, the crop's place rounded.
        let shorter = min(shape[1], shape[2])
        let height = max(size, shape[1] * size / shorter)
        let width = max(size, shape[2] * size / shorter)
        return try image.resized(height: height, width: width, by: .bicubic)
            .slice(Self.middle(of: height, size), axis: 1).slice(Self.middle(of: width, size), axis: 2)
    }

    private func resized(_ image: Tensor, _ box: CropBox, _ height: Int, _ width: Int) throws -> Tensor {
        try image.slice(box.top..<box.top + box.height, axis: 1)
            .slice(box.left..<box.left + box.width, axis: 2)
            .resized(height: height, width: width, by: .bicubic)
    }

    private static func middle(of length: Int, _ size: Int) -> Range<Int> {
        let start = Int((Double(length - size) / 2).rounded(.toNearestOrEven))
        return start..<start + size
    }
}
