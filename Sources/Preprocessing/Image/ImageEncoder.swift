import CACM
import Foundation
import Torch

/// Writes images: JPEG and PNG. May be called from many threads at once.
public enum ImageEncoder {
    static let operation = "Encoding the image"

    /// The bytes of a JPEG file.
    ///
    /// - Parameters:
    ///   - image: `[channels, height, width] uint8` with 1 channel, grey, or 3, red, green, blue.
    ///   - quality: 1 to 100, as Pillow's: tables of libjpeg, colour at half the resolution.
    /// - Throws: ``PreprocessingError`` for another shape or quality.
    public static func jpeg(_ image: Tensor, quality: Int = 75) throws -> Data {
        try encode(image, channels: [1, 3]) { pixels, height, width, channels, bytes, count in
            acm_image_encode_jpeg(
                pixels, width, height, channels, Int32(clamping: quality), &bytes, &count)
        }
    }

    /// The bytes of a PNG file.
    ///
    /// - Parameter image: `[channels, height, width] uint8` with 1 channel, grey, or 3, red, green, blue,
    ///   or 4, with opacity.
    /// - Throws: ``PreprocessingError`` for another shape.
    public static func png(_ image: Tensor) throws -> Data {
        try encode(image, channels: [1, 3, 4]) { pixels, height, width, channels, bytes, count in
            acm_image_encode_png(pixels, width, height, channels, &bytes, &count)
        }
    }

    private typealias Encode = (
        _ pixels: UnsafePointer<UInt8>?, _ height: Int32, _ width: Int32, _ channels: Int32,
        _ bytes: inout UnsafeMutablePointer<UInt8>?, _ count: inout Int64
    ) -> Int32

    private static func encode(_ image: Tensor, channels allowed: [Int], _ encode: Encode) throws -> Data {
        try MediaLibrary.open(operation: operation)
        let shape = image.shape
        guard image.dataType == .uint8, shape.count == 3, allowed.contains(shape[0]),
            shape[1...].allSatisfy({ (1...Int(Int32.max)).contains($0) })
        else {
            throw PreprocessingError.invalidArgument(
                operation: operation,
                expected: "uint8 [channels, height, width] with \(allowed) channels and some pixels",
                found: "\(image.dataType) \(shape)")
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count: Int64 = 0
        let rows = try image.permuted([1, 2, 0]).to(.cpu).contiguous()  // [height, width, channels]
        let status = try rows.withBytes { memory in
            encode(
                memory.bindMemory(to: UInt8.self).baseAddress, Int32(shape[1]), Int32(shape[2]),
                Int32(shape[0]), &bytes, &count)
        }
        try checkMedia(status, operation: operation, formats: "an image", path: "memory")
        guard let bytes else { return Data() }
        return Data(
            bytesNoCopy: bytes, count: Int(count),
            deallocator: .custom { memory, _ in acm_media_free(memory) })
    }
}
