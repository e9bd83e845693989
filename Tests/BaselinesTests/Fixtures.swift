import Datasets
import Foundation
import TestSupport
import Torch
import Transformers

let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Goldens")

/// Labelled noise for a golden that classifies images of 24 pixels.
func noise(_ folder: TemporaryFolder, _ model: URL) throws -> any Dataset {
    let classCount = try ModelFolder.classNames(model)?.count ?? 0
    try Runtime.seed(3)
    let file = folder["images.safetensors"]
    try SafetensorsWriter.write(
        [
            ("images", (Tensor.uniform([16, 3, 24, 24]) * 255).to(nil, .uint8)),
            ("labels", Tensor((0..<16).map { $0 % classCount })),
        ], to: file, metadata: ["classes": (0..<classCount).map(String.init).joined(separator: "\n")])
    return try ImageTensorDataset(file, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], size: 24)
}
