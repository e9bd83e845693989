import Torch

/// What was said in a sound, and what it took to hear it.
public struct Transcript: Sendable, Equatable {
    /// A stretch of the sound, in seconds from its beginning.
    public struct Segment: Sendable, Equatable {
        public let start: Double
        public let end: Double
        public let text: String
    }

    public let text: String
    /// The code of the language that was asked for or detected; nil for a model of one language.
    public let language: String?
    public let segments: [Segment]
    /// Seconds of the sound.
    public let duration: Double
    /// Share of the learners that ran for the sounds that were heard together; nil for a dense model.
    public let load: Double?

    /// Keys: `text`, `language` (null for a model of one), `duration` (seconds), `load` (null for a dense
    /// model), `segments` (objects with `start`, `end`, `text`).
    public var json: JSONValue {
        [
            "text": .string(text), "language": language.map { .string($0) } ?? .null,
            "duration": .number(duration), "load": load.map { .number($0) } ?? .null,
            "segments": .array(
                segments.map {
                    ["start": .number($0.start), "end": .number($0.end), "text": .string($0.text)]
                }),
        ]
    }
}
