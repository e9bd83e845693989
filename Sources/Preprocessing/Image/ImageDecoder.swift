import CACM
import Foundation
import Torch

/// Reads images: JPEG, PNG and WebP.
///
/// The pixels are those of Pillow's `ImageOps.exif_transpose(Image.open(file)).convert("RGB")`: CMYK is
/// taken as Adobe writes it, grey is repeated, palettes are looked up, opacity and colour profiles are
/// dropped, and of an animation the first picture is taken. Unlike there, a JPEG whose data are damaged
/// in the middle is refused, not filled up with grey.
///
/// May be called from many threads at once.
public enum ImageDecoder {
    static let operation = "Decoding the image"
    static let formats = "a JPEG, PNG or WebP image"

    /// Reads an image file.
    ///
    /// - Returns: `[3, height, width] uint8`, red, green, blue. Rows of pixels lie in memory with their
    ///   channels together: use `contiguous()` where the order in memory matters.
    /// - Throws: `FileError` if the file cannot be read, ``PreprocessingError`` if it is no image, damaged,
    ///   cut short or larger than allowed, or the media library is missing.
    public static func decode(
        _ url: URL, options: ImageDecodingOptions = ImageDecodingOptions()
    ) throws -> Tensor {
        let file = try RegularFile(url)
        guard file.byteCount <= options.byteLimit else {
            throw PreprocessingError.invalidContents(
                operation: operation, expected: "a file of at most \(options.byteLimit) bytes",
                found: "\(file.byteCount)", path: file.path)
        }
        return try decode(file.contents(), name: file.path, options: options)
    }

    /// Reads an image from the bytes of its file.
    ///
    /// - Parameters:
    ///   - bytes: the file's content.
    ///   - name: names the image in messages.
    ///   - options: limits, and how the pixels are read.
    /// - Returns and throws: as ``decode(_:options:)``.
    public static func decode(
        _ bytes: some ContiguousBytes, name: String, options: ImageDecodingOptions = ImageDecodingOptions()
    ) throws -> Tensor {
        try MediaLibrary.open(operation: operation)
        return try bytes.withUnsafeBytes { try decode($0, name, options) }
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, _ name: String, _ options: ImageDecodingOptions
    ) throws -> Tensor {
        func check(_ status: Int32) throws {
            try checkMedia(
                status, operation: operation, formats: formats,
                limit: "an image of at most \(options.pixelLimit) pixels", path: name)
        }
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        var image: OpaquePointer?
        try check(acm_image_open(start, Int64(bytes.count), Int64(options.pixelLimit), &image))
        defer { acm_image_free(image) }

        let reduction = try Int32(options.reduction { try size(of: image, 1, check) })
        let (height, width) = try size(of: image, reduction, check)
        let pixels = try Tensor.empty([height, width, 3], .uint8)
        try pixels.withBytes { memory in
            try check(
                acm_image_decode(image, reduction, memory.bindMemory(to: UInt8.self).baseAddress))
        }
        let upright = try pixels.permuted([2, 0, 1])  // [3, height, width]
        guard options.appliesOrientation else { return upright }

        var exif: UnsafePointer<UInt8>?
        var exifCount: Int64 = 0
        try check(acm_image_exif(image, &exif, &exifCount))
        let orientation = ExifOrientation(UnsafeRawBufferPointer(start: exif, count: Int(exifCount)))
        return try orientation.applied(to: upright)
    }

    private static func size(
        of image: OpaquePointer?, _ reduction: Int32, _ check: (Int32) throws -> Void
    ) throws -> (height: Int, width: Int) {
        var width: Int32 = 0
        var height: Int32 = 0
        try check(acm_image_size(image, reduction, &width, &height))
        return (Int(height), Int(width))
    }
}
