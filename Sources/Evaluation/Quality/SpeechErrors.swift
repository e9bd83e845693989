import Torch

/// Error rates of many transcripts: all edits over all words, and over all characters.
public struct SpeechErrors: Sendable, Equatable {
    public let wordErrorRate: Double
    public let characterErrorRate: Double

    /// nil for a run without transcripts.
    init?(_ run: SampleRun) {
        guard let words = Quality.wordErrorRate.value(run),
            let characters = Quality.characterErrorRate.value(run)
        else { return nil }
        wordErrorRate = words
        characterErrorRate = characters
    }

    /// Keys: `word_error_rate`, `character_error_rate`.
    public var json: JSONValue {
        [
            "word_error_rate": .number(wordErrorRate), "character_error_rate": .number(characterErrorRate),
        ]
    }
}
