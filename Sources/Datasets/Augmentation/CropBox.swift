import Foundation

/// A rectangle of an image, in pixels.
public struct CropBox: Sendable, Equatable {
    public var top: Int
    public var left: Int
    public var height: Int
    public var width: Int

    public init(top: Int, left: Int, height: Int, width: Int) {
        self.top = top
        self.left = left
        self.height = height
        self.width = width
    }

    /// A crop of random area and shape: up to ten are drawn, and where none lies within the image the
    /// middle is taken with the nearest shape that does.
    ///
    /// - Source: Szegedy et al. 2015, section 6; torchvision 0.26, `RandomResizedCrop.get_params`.
    static func random(
        height: Int, width: Int, _ options: AugmentationOptions, _ generator: inout SplitMix64
    ) -> CropBox {
        let area = Double(height * width)
        let widest = 1 / options.narrowestCrop
        for _ in 0..<10 {
            let target = area * generator.uniform(options.smallestCrop...options.largestCrop)
            let ratio = exp(generator.uniform(log(options.narrowestCrop)...log(widest)))
            let cropWidth = Int((target * ratio).squareRoot().rounded(.toNearestOrEven))
            let cropHeight = Int((target / ratio).squareRoot().rounded(.toNearestOrEven))
            guard (1...width).contains(cropWidth), (1...height).contains(cropHeight) else { continue }
            return CropBox(
                top: Int.random(in: 0...height - cropHeight, using: &generator),
                left: Int.random(in: 0...width - cropWidth, using: &generator), height: cropHeight,
                width: cropWidth)
        }
        let shape = Double(width) / Double(height)
        if shape < options.narrowestCrop {
            let cropHeight = max(1, min(height, Int((Double(width) / options.narrowestCrop).rounded())))
            return CropBox(top: (height - cropHeight) / 2, left: 0, height: cropHeight, width: width)
        }
        if shape > widest {
            let cropWidth = max(1, min(width, Int((Double(height) * widest).rounded())))
            return CropBox(top: 0, left: (width - cropWidth) / 2, height: height, width: cropWidth)
        }
        return CropBox(top: 0, left: 0, height: height, width: width)
    }

    /// The square in the middle, as large as the image allows.
    static func centreSquare(height: Int, width: Int) -> CropBox {
        let side = min(height, width)
        return CropBox(top: (height - side) / 2, left: (width - side) / 2, height: side, width: side)
    }
}
