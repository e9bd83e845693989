/// A stretch of a sound and its tokens.
public struct WhisperSegment: Sendable, Equatable {
    /// Seconds of one step from timestamp to timestamp.
    public static let timestampStep = 0.02
    /// Seconds of one frame of a spectrogram.
    static let frameStep = 0.01

    /// In seconds from the beginning of the sound.
    public let start: Double
    public let end: Double
    /// With timestamps, if any; without the tokens of the prompt and the end.
    public let tokens: [Int]

    /// Cuts the tokens of a window where two timestamps follow each other.
    ///
    /// - Parameters:
    ///   - offset: first frame of the window.
    ///   - frameCount: real frames of the window.
    ///   - firstTimestamp: the first token that is a timestamp.
    /// - Returns: the segments, and how many frames are done with: up to the last timestamp where the
    ///   text goes on after it, else all.
    /// - Source: Radford et al. 2022, section 3.8; `_retrieve_segment` of transformers.
    static func split(
        _ tokens: [Int], offset: Int, frameCount: Int, firstTimestamp: Int
    ) -> (segments: [WhisperSegment], doneFrames: Int) {
        let start = Double(offset) * frameStep
        func time(_ token: Int) -> Double { start + Double(token - firstTimestamp) * timestampStep }
        let isTimestamp = tokens.map { $0 >= firstTimestamp }
        let endsWithOne = isTimestamp.suffix(2) == [false, true]
        var cuts = tokens.indices.dropFirst().filter { isTimestamp[$0 - 1] && isTimestamp[$0] }
        guard !cuts.isEmpty else {
            let last = tokens.last { $0 >= firstTimestamp }.flatMap { $0 == firstTimestamp ? nil : $0 }
            // Without a timestamp the whole window, in whole steps.
            let steps = (Double(frameCount) * frameStep / timestampStep).rounded(.towardZero)
            let end = last.map(time) ?? start + steps * timestampStep
            return ([WhisperSegment(start: start, end: end, tokens: tokens)], frameCount)
        }
        if endsWithOne { cuts.append(tokens.count) } else { cuts[cuts.count - 1] += 1 }
        var first = 0
        var segments: [WhisperSegment] = []
        for (number, cut) in cuts.enumerated() {
            let part = Array(tokens[first..<cut])
            // The last one ends with both timestamps.
            let isPair = number == cuts.count - 1 && !endsWithOne
            let end = part[part.count - (isPair ? 2 : 1)]
            segments.append(WhisperSegment(start: time(part[0]), end: time(end), tokens: part))
            first = cut
        }
        guard !endsWithOne else { return (segments, frameCount) }
        // A step is two frames. Without any, all is done with: the text would never go on.
        let done = 2 * (tokens[first - 2] - firstTimestamp)
        return (segments, done > 0 ? done : frameCount)
    }
}
