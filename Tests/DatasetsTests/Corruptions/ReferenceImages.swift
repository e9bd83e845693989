import Foundation
import Testing
import Torch

@testable import Datasets

/// `Tests/Goldens/corruptions`: images that are drawn from recipes, and what `imagenet-c` made of them.
enum ReferenceImages {
    static let size = 224

    static func golden(_ file: String) throws -> [String: Tensor] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Goldens/corruptions")
        return try SafetensorsFile(folder.appendingPathComponent("\(file).safetensors")).tensors()
    }

    /// `[3, 3, 224, 224]` uint8.
    static func images() throws -> Tensor { try drawn.get() }

    private static let drawn = Result<Tensor, any Error> {
        let recipes = try golden("images")
        return try Tensor.stacked(["plain", "dark", "bright"].map { try render(#require(recipes[$0])) })
    }

    /// `[3, 224, 224]` uint8 of a recipe `[leaves, 9]`, drawn as tools/goldens/corruptions.py does.
    static func render(_ recipe: Tensor) throws -> Tensor {
        let columns = try Tensor.range(0..<size).unsqueezed(0)
        let rows = try Tensor.range(0..<size).unsqueezed(1)
        let owner = try Tensor.zeros([size, size], .int64)
        let leaves = try recipe.array(of: Int.self)
        for leaf in 0..<leaves.count / 9 {
            let (x, y, radius) = (leaves[leaf * 9], leaves[leaf * 9 + 1], leaves[leaf * 9 + 2])
            let (left, right) = (max(x - radius, 0), min(x + radius + 1, size))
            let (top, bottom) = (max(y - radius, 0), min(y + radius + 1, size))
            guard left < right, top < bottom else { continue }
            let distance =
                try columns.slice(left..<right, axis: 1).adding(-x).square()
                + rows.slice(top..<bottom, axis: 0).adding(-y).square()
            let place = try owner.slice(top..<bottom, axis: 0).slice(left..<right, axis: 1)
            let outside = try distance.isGreater(than: Double(radius * radius))
            try place.copyInPlace(from: outside.choose(place, .full([1], Double(leaf), .int64)))
        }
        let table = try recipe.to(nil, .int64)
        func of(_ column: Int) throws -> Tensor {
            try table.elements(at: owner.multiplied(by: 9).adding(column))
        }
        func shifted(_ values: Tensor, _ places: Int) throws -> Tensor {
            try Operator("aten::bitwise_right_shift", "Tensor_Scalar")(.tensor(values), .int(places))
        }
        let shade = try shifted(of(6) * (columns - of(0)) + of(7) * (rows - of(1)), 6)
        let channels = try (0..<3).map { channel in
            let mixed = try (columns.multiplied(by: 73_856_093) + rows.multiplied(by: 19_349_663))
                .adding(channel * 83_492_791).bitwiseAnd(0xFF_FFFF)
            let noise = try shifted(
                mixed.bitwiseExclusiveOr(shifted(mixed, 11)).multiplied(by: 1_274_126_177), 13
            ).bitwiseAnd(0xFF)
            return try (of(3 + channel) + shade + shifted(of(8) * noise.adding(-128), 7)).clamped(to: 0...255)
        }
        return try Tensor.stacked(channels).to(nil, .uint8)
    }

    /// `[batch, 10]`: see tools/goldens/corruptions.py.
    static func statistics(_ images: Tensor, clean: Tensor) throws -> Tensor {
        let values = try images.to(nil, .float32)
        let difference = try (values - clean.to(nil, .float32)).absolute().mean(axes: [1, 2, 3])
        let mean = try values.mean(axes: [2, 3], keepDimension: true)
        let deviation = try (values - mean).square().mean(axes: [2, 3]).squareRoot()
        let grey = try values.luminance()
        let centred = try grey - grey.mean(axes: [2, 3], keepDimension: true)
        let power =
            try Operator("aten::fft_fft2")(.tensor(centred)).absolute().square().squeezed(1)
            / pow(Double(size), 4)
        let bands = try masks.get().map { try (power * $0).sum(axes: [1, 2]) }
        return try Tensor.concatenated(
            [difference.unsqueezed(1), mean.flattened(from: 1), deviation, Tensor.stacked(bands, axis: 1)],
            axis: 1)
    }

    /// `[224, 224]` of each band, in cycles a pixel: 1 at its frequencies.
    private static let masks = Result<[Tensor], any Error> {
        let axis: [Double] = (0..<size).map { Double($0 <= (size - 1) / 2 ? $0 : $0 - size) / Double(size) }
        let frequencies: [Double] = axis.flatMap { y in axis.map { x in hypot(x, y) } }
        let limits: [Double] = [0, 1 / 32, 1 / 8, 1]
        return try (0..<3).map { band in
            let inside: [Float] = frequencies.map { limits[band] <= $0 && $0 < limits[band + 1] ? 1 : 0 }
            return try Tensor(inside, shape: [size, size])
        }
    }
}
