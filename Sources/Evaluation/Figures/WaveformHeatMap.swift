import Foundation
import Preprocessing
import Torch

/// Where the compute went in a recording: its waveform, coloured by the load at each moment, over a
/// band of the same colours; from dark for none to bright for the highest load of the recording.
public enum WaveformHeatMap {
    private static let width = 1200
    private static let waveHeight = 240
    private static let bandHeight = 32

    /// - Parameters:
    ///   - samples: `[samples]` float32.
    ///   - loads: of the model's frames, which share `coveredSamples` evenly.
    ///   - coveredSamples: samples that the frames stand for; more than there are where the model takes
    ///     a window of fixed length.
    /// - Returns: `[3, height, width]` uint8.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for an empty recording or none but empty frames.
    public static func draw(samples: Tensor, loads: TokenLoads, coveredSamples: Int) throws -> Tensor {
        let values = try samples.array(of: Float.self)
        guard !values.isEmpty, !loads.loads.isEmpty, coveredSamples > 0 else {
            throw EvaluationError.mismatch("A recording without samples or frames cannot be drawn")
        }
        let loudest = max(values.reduce(0) { max($0, abs($1)) }, 1e-9)
        let frameCount = loads.loads.count
        let columns = (0..<width).map { column -> (low: Float, high: Float, frame: Int) in
            let start = column * values.count / width
            let end = max(start + 1, (column + 1) * values.count / width)
            let part = values[start..<min(end, values.count)]
            return (
                (part.min() ?? 0) / loudest, (part.max() ?? 0) / loudest,
                min(start * frameCount / coveredSamples, frameCount - 1)
            )
        }
        let shown = columns.map { loads.loads[$0.frame] }
        let highest = max(shown.max() ?? 0, 1e-9)
        let height = waveHeight + bandHeight
        var pixels = [UInt8](repeating: 255, count: 3 * height * width)
        for (x, column) in columns.enumerated() {
            let colour = ColourScale.colour(shown[x] / highest)
            let middle = Float(waveHeight) / 2
            let top = Int((middle - column.high * (middle - 4)).rounded(.down))
            let bottom = max(top, Int((middle - column.low * (middle - 4)).rounded(.up)))
            for y in Array(max(top, 0)...min(bottom, waveHeight - 1)) + Array(waveHeight..<height) {
                for channel in 0..<3 { pixels[(channel * height + y) * width + x] = colour[channel] }
            }
        }
        return try Tensor(pixels, shape: [3, height, width])
    }

    /// Writes the drawing as a PNG file, whole or not at all.
    public static func write(
        samples: Tensor, loads: TokenLoads, coveredSamples: Int, to url: URL
    ) throws {
        try AtomicFile.write(
            ImageEncoder.png(draw(samples: samples, loads: loads, coveredSamples: coveredSamples)), to: url)
    }
}
