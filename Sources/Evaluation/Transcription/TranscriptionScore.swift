import Torch

/// How far the transcripts of many sounds are from what was said, and how long they took.
public struct TranscriptionScore: Sendable, Equatable {
    /// Of words, what white space parts.
    public private(set) var words = ErrorRate()
    /// Of Unicode scalars, spaces inside the texts too.
    public private(set) var characters = ErrorRate()
    public private(set) var soundCount = 0
    /// Seconds of all sounds.
    public private(set) var duration = 0.0
    /// Seconds that hearing them took, without decoding their files.
    public private(set) var seconds = 0.0

    private let normalization: ErrorRate.Normalization

    /// Seconds that a second of sound takes; NaN before any sound.
    public var realTimeFactor: Double { seconds / duration }

    /// - Parameter normalization: what is made alike before texts are compared.
    public init(
        _ normalization: ErrorRate.Normalization = ErrorRate.Normalization(
            lowercases: true, stripsPunctuation: true)
    ) {
        self.normalization = normalization
    }

    /// - Parameters:
    ///   - transcript: what the model heard.
    ///   - reference: what was said.
    ///   - seconds: that the transcript took.
    public mutating func add(_ transcript: Transcript, reference: String, seconds: Double) {
        words = words + ErrorRate.words(reference: reference, hypothesis: transcript.text, normalization)
        characters =
            characters
            + ErrorRate.characters(
                reference: reference, hypothesis: transcript.text, normalization)
        soundCount += 1
        duration += transcript.duration
        self.seconds += seconds
    }

    /// Keys: `sounds`, `words` (of the references), `word_error_rate`, `character_error_rate`, `duration` and
    /// `seconds`, `real_time_factor` (their quotient); null where nothing was said, or no sound heard.
    public var json: JSONValue {
        func number(_ value: Double) -> JSONValue { value.isFinite ? .number(value) : .null }
        return [
            "sounds": .integer(soundCount), "words": .integer(words.referenceCount),
            "word_error_rate": number(words.value), "character_error_rate": number(characters.value),
            "duration": .number(duration), "seconds": .number(seconds),
            "real_time_factor": number(realTimeFactor),
        ]
    }
}
