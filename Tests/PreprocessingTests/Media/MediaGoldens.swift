import Foundation
import Testing
import Torch

/// The goldens that `tools/goldens/media.py` writes.
extension Goldens {
    static let images = folder.appendingPathComponent("images")
    static let refusedImages = images.appendingPathComponent("refused")
    static let audio = folder.appendingPathComponent("audio")
    static let imageProcessors = folder.appendingPathComponent("image_processors")

    /// The names of the media files in a folder, in order.
    static func names(_ folder: URL) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.contains(".") && !$0.hasSuffix(".safetensors") }.sorted()
    }

    static func bytes(_ folder: URL, _ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func tensors(_ file: URL) throws -> [String: Tensor] {
        try SafetensorsFile(file).tensors()
    }
}

/// The largest difference of two tensors of one shape.
func largestDifference(
    _ found: Tensor, _ wanted: Tensor, sourceLocation: SourceLocation = #_sourceLocation
) throws -> Double {
    try #require(found.shape == wanted.shape, sourceLocation: sourceLocation)
    return try (found.to(nil, .float64) - wanted.to(nil, .float64)).absolute().maximum().item(Double.self)
}

/// Up to about `count` lengths of a file cut short, the last few bytes each, in order.
func cuts(of byteCount: Int, count: Int = 40) -> [Int] {
    let even = stride(from: 0, to: byteCount, by: max(1, byteCount / count))
    return Set(Array(even) + Array(max(0, byteCount - 6)..<byteCount)).sorted()
}
