import Foundation
import Preprocessing
import Torch
import Transformers

/// Tells when the words of a text are said, by where its decoder looked while it wrote them.
///
/// Some heads of a Whisper follow the sound: a token that is written next is said where they look. Their weights
/// over the frames are brought to mean 0 and deviation 1 over the tokens, smoothed by a median over seven frames,
/// and added up; the path through tokens and frames that gathers most of them, by dynamic time warping, says when
/// each token begins.
///
/// - Source: Radford et al. 2022, `whisper/timing.py` of the release of November 2023; Sakoe & Chiba 1978.
final class SpokenWords {
    private let headCount: Int
    /// Of each block those that follow the sound.
    private let heads: [Int: [Int]]
    private var queries: [Int: [Tensor]] = [:]
    private var keys: [Int: Tensor] = [:]

    private static let medianWidth = 7

    /// - Parameters:
    ///   - sizes: of the model.
    ///   - heads: pairs of a block and a head that follow the sound; nil takes all of the upper half of the blocks.
    init(_ sizes: WhisperConfiguration, heads: [[Int]]?) {
        headCount = sizes.decoder.headCount
        let (blocks, count) = (sizes.decoder.count, headCount)
        let pairs =
            heads ?? (blocks / 2..<blocks).flatMap { block in (0..<count).map { [block, $0] } }
        self.heads = Dictionary(grouping: pairs.filter { $0.count == 2 && (0..<count).contains($0[1]) }) {
            $0[0]
        }.mapValues { $0.map { $0[1] } }
    }

    /// Keeps what a decoder's slots give for the text of one window.
    func observe(_ place: SlotPlace, _ output: Tensor) throws {
        guard place.stack == .decoder, heads[place.block] != nil else { return }
        switch place.kind {
        case .crossQuery: queries[place.block, default: []].append(try output.to(.cpu, .float32))
        case .crossKey: keys[place.block] = try output.to(.cpu, .float32)
        default: break
        }
    }

    /// - Parameters:
    ///   - tokens: that were written after the prompt.
    ///   - promptCount: tokens of the prompt.
    ///   - frameCount: of the encoder, that belong to the sound.
    ///   - tokenizer: makes words of tokens.
    /// - Returns: the words, which white space parts, with begin and end as shares of the sound; empty where the
    ///   attention was not seen.
    func words(
        of tokens: [Int], promptCount: Int, frameCount: Int, _ tokenizer: ByteLevelTokenizer
    ) throws -> [SampleExample.Word] {
        guard !tokens.isEmpty, frameCount > 0, !queries.isEmpty else { return [] }
        let weights = try weights(promptCount: promptCount, frameCount: frameCount)
        guard weights.count == tokens.count + 1 else { return [] }
        let starts = Self.starts(weights)
        var words: [(tokens: [Int], first: Int)] = []
        for (index, token) in tokens.enumerated() {
            let isFirst = try tokenizer.decode([token]).first?.isWhitespace == true
            if words.isEmpty || isFirst {
                words.append(([], index))
            }
            words[words.count - 1].tokens.append(token)
        }
        return try words.indices.map { place in
            let next = place + 1 < words.count ? words[place + 1].first : tokens.count
            return SampleExample.Word(
                text: try tokenizer.decode(words[place].tokens).trimmingCharacters(in: .whitespaces),
                start: Double(starts[words[place].first]) / Double(frameCount),
                end: Double(starts[next]) / Double(frameCount))
        }.filter { !$0.text.isEmpty }
    }

    /// `[tokens + 1][frames]`: the sum over heads for each token that was written, the end last.
    private func weights(promptCount: Int, frameCount: Int) throws -> [[Float]] {
        var sum: [[Float]] = []
        for (block, numbers) in heads {
            guard let key = keys[block], let parts = queries[block] else { continue }
            let query = try Tensor.concatenated(parts, axis: 1)
            func split(_ states: Tensor) throws -> Tensor {  // [heads, tokens, headWidth]
                let width = try states.size(2) / headCount
                return try states.select(0, axis: 0).reshaped([states.size(1), headCount, width])
                    .transposed(0, 1)
            }
            let scale = 1 / sqrt(Double(try key.size(2) / headCount))
            let scores = try split(query).matmul(split(key).transposed(1, 2)) * scale
            let shares = try scores.slice(0..<min(frameCount, scores.size(2)), axis: 2).softmax()
            let all = try shares - shares.mean(axis: 1, keepDimension: true)
            let deviation = try all.square().mean(axis: 1, keepDimension: true).squareRoot()
            let even = try (all / deviation.clamped(minimum: 1e-9)).slice(
                promptCount - 1..<scores.size(1), axis: 1)
            for head in numbers {
                let rows = try (0..<even.size(1)).map { row in
                    Self.smoothed(
                        try even.select(head, axis: 0).select(row, axis: 0).array(of: Float.self))
                }
                sum = sum.isEmpty ? rows : zip(sum, rows).map { zip($0, $1).map(+) }
            }
        }
        return sum
    }

    /// The median of each value and its neighbours; at the ends they are mirrored.
    static func smoothed(_ values: [Float]) -> [Float] {
        let reach = medianWidth / 2
        guard values.count > reach else { return values }
        return values.indices.map { index in
            let near = (index - reach...index + reach).map { place -> Float in
                let inside = place < 0 ? -place : place
                return values[inside < values.count ? inside : 2 * (values.count - 1) - inside]
            }
            return near.sorted()[reach]
        }
    }

    /// The frame at which each row of the path begins that goes from the first row and frame to the last and
    /// gathers most weight, a row, a frame or both at a step.
    static func starts(_ weights: [[Float]]) -> [Int] {
        let (rows, columns) = (weights.count, weights[0].count)
        enum Step { case both, row, column }
        var steps = Array(repeating: Array(repeating: Step.column, count: columns), count: rows)
        var last: [Float] = []
        for row in 0..<rows {
            var best = [Float](repeating: 0, count: columns)
            for column in 0..<columns {
                let both = row > 0 && column > 0 ? last[column - 1] : -.infinity
                let up = row > 0 ? last[column] : -.infinity
                let left = column > 0 ? best[column - 1] : -.infinity
                let most = max(both, up, left)
                steps[row][column] = most == both ? .both : most == up ? .row : .column
                best[column] = (row + column == 0 ? 0 : most) + weights[row][column]
            }
            last = best
        }
        var starts = Array(repeating: 0, count: rows)
        var (row, column) = (rows - 1, columns - 1)
        while row > 0 {
            let step = column == 0 ? Step.row : steps[row][column]
            if step != .column {
                starts[row] = column
                row -= 1
            }
            if step != .row { column -= 1 }
        }
        return starts
    }
}
