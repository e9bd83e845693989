import Foundation
import Torch

/// Triangular bands, evenly spaced from 0 Hz on Slaney's mel scale, each of the same area.
///
/// Mels are `3 f / 200` below 1000 Hz, and `15 + 27 ln(f / 1000) / ln 6.4` above.
///
/// - Source: Slaney 1998, Auditory Toolbox; `mel_filter_bank` of transformers with `slaney` for scale
///   and norm.
struct MelFilterBank: Sendable {
    /// `[bands, frequencies]` float32.
    let weights: Tensor

    /// - Parameters:
    ///   - frequencyCount: frequencies from 0 Hz to half the sample rate.
    ///   - highest: upper end of the last band, in hertz.
    init(bandCount: Int, frequencyCount: Int, sampleRate: Int, highest: Double) throws {
        let top = Self.mels(highest)
        let corners = (0..<bandCount + 2).map { Self.hertz(top * Double($0) / Double(bandCount + 1)) }
        let step = Double(sampleRate / 2) / Double(frequencyCount - 1)
        var weights: [Float] = []
        weights.reserveCapacity(bandCount * frequencyCount)
        for band in 0..<bandCount {
            let (low, centre, high) = (corners[band], corners[band + 1], corners[band + 2])
            let scale = 2 / (high - low)
            for index in 0..<frequencyCount {
                let frequency = Double(index) * step
                let rising = (frequency - low) / (centre - low)
                let falling = (high - frequency) / (high - centre)
                weights.append(Float(max(0, min(rising, falling)) * scale))
            }
        }
        self.weights = try Tensor(weights, shape: [bandCount, frequencyCount])
    }

    static func mels(_ hertz: Double) -> Double {
        hertz < 1000 ? 3 * hertz / 200 : 15 + 27 * log(hertz / 1000) / log(6.4)
    }

    static func hertz(_ mels: Double) -> Double {
        mels < 15 ? 200 * mels / 3 : 1000 * exp((mels - 15) * log(6.4) / 27)
    }
}
