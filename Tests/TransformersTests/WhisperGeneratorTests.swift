import Foundation
import Testing
import Torch

@testable import Transformers

/// Against the texts that `generate` of transformers gives, greedily.
@Suite struct WhisperGeneratorTests {
    struct Call: Decodable {
        struct Segment: Decodable {
            let start: Double
            let end: Double
            let tokens: [Int]
        }

        let name: String
        let features: String
        let language: String?
        let task: String?
        let timestamps: Bool
        let segments: [[Segment]]
    }

    static func folder(_ name: String) -> URL { Goldens.folder.appendingPathComponent(name) }

    func generator(
        _ name: String, changing changes: [String: JSONValue?] = [:]
    ) throws -> WhisperGenerator {
        let model = try #require(try Goldens.model(name) as? WhisperModel)
        let file = Self.folder(name).appendingPathComponent("generation_config.json")
        guard case .object(var object) = try JSONValue(contentsOf: file) else {
            throw CocoaError(.coderInvalidValue)
        }
        for (key, value) in changes { object[key] = value }
        let reader = try JSONObjectReader(.object(object), source: "generation_config.json")
        return try WhisperGenerator(model, WhisperGenerationConfiguration(reader, sizes: model.sizes))
    }

    func spectrograms(_ name: String, _ features: String) throws -> [Tensor] {
        let batch = try #require(try Goldens.tensors(name, "generation_inputs")["features.\(features)"])
        return try (0..<batch.size(0)).map { try batch.select($0, axis: 0) }
    }

    @Test(arguments: ["whisper", "whisper_english"]) func textsAreThoseOfTheReference(name: String) throws {
        let generator = try generator(name)
        let calls = try JSONDecoder().decode(
            [Call].self, from: Data(contentsOf: Self.folder(name).appendingPathComponent("generated.json")))
        #expect(calls.count >= 2)
        for call in calls {
            let request = WhisperRequest(
                language: call.language, task: call.task, hasTimestamps: call.timestamps)
            let texts = try withoutGradients {
                try generator.generate(spectrograms(name, call.features), request)
            }
            #expect(texts.count == call.segments.count)
            for (text, wanted) in zip(texts, call.segments) {
                #expect(text.segments.map(\.tokens) == wanted.map(\.tokens), "\(name) \(call.name)")
                for (segment, wanted) in zip(text.segments, wanted) {
                    #expect(abs(segment.start - wanted.start) < 1e-4, "\(name) \(call.name)")
                    #expect(abs(segment.end - wanted.end) < 1e-4, "\(name) \(call.name)")
                }
            }
        }
    }

    /// A sample's text does not depend on the samples beside it, whose texts end sooner or later.
    @Test func samplesAreIndependent() throws {
        let generator = try generator("whisper")
        let spectrograms = try spectrograms("whisper", "batch")
        let request = WhisperRequest(language: "en", hasTimestamps: true)
        try withoutGradients {
            let together = try generator.generate(spectrograms, request)
            for (spectrogram, text) in zip(spectrograms, together) {
                #expect(try generator.generate([spectrogram], request) == [text])
            }
        }
    }

    /// Samples of several languages, one of them detected, are each heard as alone.
    @Test func languagesMayDiffer() throws {
        let generator = try generator("whisper")
        let batch = try spectrograms("whisper", "batch")
        let spectrograms = [batch[0], batch[1], batch[0], batch[1]]
        let request = generator.configuration.withTask(WhisperRequest())
        try withoutGradients {
            let together = try generator.generate(
                spectrograms, request, languages: ["fr", "de-AT", "en", nil])
            #expect(together.prefix(3).map(\.language) == [73, 74, 72])
            for (index, language) in ["fr", "de", "en", nil].enumerated() {
                var alone = request
                alone.language = language
                #expect(try generator.generate([spectrograms[index]], alone) == [together[index]])
            }
            #expect(together[0] != together[2])
        }
        #expect(
            refusal { _ = try generator.generate([batch[0]], request, languages: ["xx-YY"]) }
                .contains("language \"xx-yy\""))
    }

    /// A model of one language has no token for another.
    @Test func modelsOfOneLanguageAreAskedAsEver() throws {
        let generator = try generator("whisper_english")
        let batch = try spectrograms("whisper_english", "one")
        try withoutGradients {
            let asked = try generator.generate(
                batch, WhisperRequest(), languages: batch.map { _ in "en" })
            #expect(try generator.generate(batch, WhisperRequest()) == asked)
        }
    }

    @Test func spectrogramsOfSeveralLengthsAreReadTogether() throws {
        let generator = try generator("whisper")
        let (short, long) = (try spectrograms("whisper", "one")[0], try spectrograms("whisper", "long")[0])
        let request = WhisperRequest(language: "fr", hasTimestamps: true)
        try withoutGradients {
            let together = try generator.generate([long, short], request)
            #expect(try generator.generate([short], request) == [together[1]])
            #expect(try generator.generate([long], request) == [together[0]])
        }
    }

    /// The limit counts what comes after the prompt, up to the model's positions.
    @Test(arguments: [(1, 1), (5, 5), (24, 20)]) func textsEndAtTheLimit(limit: Int, count: Int) throws {
        let generator = try generator(
            "whisper", changing: ["max_length": .integer(limit), "eos_token_id": 0])
        let request = WhisperRequest(language: "en")
        let spectrograms = try spectrograms("whisper", "batch")
        for text in try withoutGradients({ try generator.generate(spectrograms, request) }) {
            #expect(text.segments[0].tokens.count <= count)
            if text.segments.count == 1 { #expect(text.tokens.count == count) }
        }
    }

    func refusal(_ body: () throws -> Void) -> String {
        do { try body() } catch { return error.localizedDescription }
        return ""
    }

    @Test func transcriptionIsTheTaskWhereNoneIsSaid() throws {
        let multilingual = try generator("whisper").configuration
        #expect(multilingual.withTask(WhisperRequest()) == WhisperRequest(task: "transcribe"))
        let detecting = multilingual.withTask(WhisperRequest(hasTimestamps: true))
        #expect(try multilingual.prompt(detecting) == [71, 76])
        for request in [WhisperRequest(language: "fr"), WhisperRequest(task: "translate")] {
            #expect(multilingual.withTask(request) == request)
        }
        let english = try generator("whisper_english").configuration
        #expect(english.withTask(WhisperRequest()) == WhisperRequest())
        let forced = try generator("whisper", changing: ["forced_decoder_ids": [[1, 73], [2, 75]]])
        #expect(forced.configuration.withTask(WhisperRequest()) == WhisperRequest())
    }

    @Test func unknownRequestsAreRefused() throws {
        let spectrograms = try spectrograms("whisper", "one")
        let multilingual = try generator("whisper")
        func text(_ generator: WhisperGenerator, _ request: WhisperRequest) -> String {
            refusal { _ = try generator.generate(spectrograms, request) }
        }
        #expect(try multilingual.configuration.prompt(WhisperRequest(language: "FR_ca")) == [71, 73, 76, 79])
        #expect(text(multilingual, WhisperRequest(language: "xx")).contains("de, en, fr"))
        #expect(text(multilingual, WhisperRequest(task: "summarise")).contains("transcribe, translate"))
        let english = try generator("whisper_english")
        #expect(text(english, WhisperRequest(language: "en")).contains("the model has one alone"))
        #expect(text(english, WhisperRequest(task: "translate")).contains("the model has one alone"))
        let silent = try generator("whisper", changing: ["no_timestamps_token_id": .some(nil)])
        #expect(text(silent, WhisperRequest(hasTimestamps: true)).contains("no_timestamps_token_id"))
        let wide = try generator("whisper")
        #expect(refusal { _ = try wide.generate([.zeros([6, 28])], WhisperRequest()) }.contains("[5, 28]"))
    }

    @Test(
        arguments: [
            ("decoder_start_token_id", 95, "from 0 to 94"), ("eos_token_id", [], "at least one"),
            ("suppress_tokens", [3, -1], "from 0 to 94"),
            ("lang_to_id", ["<|en|>": "en"], "lang_to_id.<|en|>"),
            ("forced_decoder_ids", [[2, 76]], "from 1 on"), ("forced_decoder_ids", [[1, 200]], "from 1 on"),
            ("max_length", 0, "from 1 to"), ("is_multilingual", "yes", "true or false"),
        ] as [(String, JSONValue, String)])
    func brokenConfigurationsAreRefused(key: String, value: JSONValue, part: String) throws {
        let text = refusal { _ = try generator("whisper", changing: [key: value]) }
        #expect(text.contains("generation_config.json") && text.contains(key), "\(text)")
        #expect(text.contains(part), "\(text)")
    }

    @Test func modelsWithoutLogitsAreRefused() throws {
        let model = try #require(try Goldens.model("whisper_model") as? WhisperModel)
        let configuration = try generator("whisper").configuration
        #expect(throws: ModelError.self) { try WhisperGenerator(model, configuration) }
    }
}
