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

    /// Those of the recordings of each language that is told; nil for a run without transcripts, or where none is.
    static func byLanguage(_ run: SampleRun, _ languages: [String?]) -> [String: SpeechErrors]? {
        let places = Dictionary(grouping: languages.indices) { languages[$0] }
        let known = places.compactMap { language, places in
            language.flatMap { language in SpeechErrors(run.reordered(places)).map { (language, $0) } }
        }
        return known.isEmpty ? nil : Dictionary(uniqueKeysWithValues: known)
    }

    /// Keys: `word_error_rate`, `character_error_rate`.
    public var json: JSONValue {
        [
            "word_error_rate": .number(wordErrorRate), "character_error_rate": .number(characterErrorRate),
        ]
    }

    /// An object with ``json`` for each language; null for none.
    static func json(_ languages: [String: SpeechErrors]?) -> JSONValue {
        guard let languages else { return .null }
        var object = JSONObject()
        for (language, errors) in languages.sorted(by: { $0.key < $1.key }) { object[language] = errors.json }
        return .object(object)
    }
}
