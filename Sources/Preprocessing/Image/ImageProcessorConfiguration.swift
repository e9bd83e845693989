import Foundation
import Torch

/// What an image processor does: Hugging Face's `preprocessor_config.json` of a ViT, DeiT or BiT
/// processor (the last is DINOv2's).
public struct ImageProcessorConfiguration: Sendable, Equatable {
    /// A size in pixels.
    public struct Size: Sendable, Equatable {
        public var height: Int
        public var width: Int

        public init(height: Int, width: Int) {
            self.height = height
            self.width = width
        }
    }

    /// What size an image is brought to.
    public enum Resizing: Sendable, Equatable {
        /// This size, whatever the image's proportions.
        case exact(Size)
        /// Its own proportions, with the shorter side this long.
        case shortestSide(Int)
    }

    /// Nil: images keep their sizes.
    public var resizing: Resizing?
    public var interpolation: ImageInterpolation
    /// The part in the middle that is kept, with zeros around where the image is smaller; nil: all of it.
    public var cropSize: Size?
    /// What levels of 0 ... 255 are multiplied by; nil: nothing.
    public var rescaleFactor: Double?
    /// Whether the mean is subtracted and the deviation divided by.
    public var normalizes: Bool
    /// Of red, green and blue.
    public var mean: [Double]
    /// Of red, green and blue.
    public var deviation: [Double]

    public init(
        resizing: Resizing?, interpolation: ImageInterpolation = .bilinear, cropSize: Size? = nil,
        rescaleFactor: Double? = 1 / 255, normalizes: Bool = true, mean: [Double] = [0.5, 0.5, 0.5],
        deviation: [Double] = [0.5, 0.5, 0.5]
    ) {
        self.resizing = resizing
        self.interpolation = interpolation
        self.cropSize = cropSize
        self.rescaleFactor = rescaleFactor
        self.normalizes = normalizes
        self.mean = mean
        self.deviation = deviation
    }

    /// The size of every processed image; nil where that depends on the image.
    public var outputSize: Size? {
        if let cropSize { return cropSize }
        guard case .exact(let size) = resizing else { return nil }
        return size
    }

    /// The size that an image of this size is resized to.
    ///
    /// - Source: `get_resize_output_image_size` of transformers, whose longer side is rounded down.
    func resizedSize(height: Int, width: Int) -> Size {
        switch resizing {
        case nil: return Size(height: height, width: width)
        case .exact(let size): return size
        case .shortestSide(let side):
            let short = min(height, width)
            let long = Int(Double(side * max(height, width)) / Double(short))
            return width <= height ? Size(height: long, width: side) : Size(height: side, width: long)
        }
    }
}
