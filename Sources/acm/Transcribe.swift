import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Preprocessing
import Torch
import Transformers

/// What is said in audio files.
struct Transcribe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes down what is said in audio files, with a Whisper model.",
        discussion: """
            Sounds longer than 30 s are heard window by window: with --timestamps each begins where the text of \
            the one before ends, otherwise they are cut every 30 s. With --references the texts are compared \
            with what is said, those of each language too where the table tells it; with --json the last line is an \
            object of the error rates.
            """)

    @Argument(help: "A Hugging Face folder of a Whisper model, dense or converted.")
    var model: String

    @Argument(help: "Audio files: WAV, FLAC, Ogg, MP3 or G.722.")
    var files: [String]

    @Option(
        help: """
            The language by its code, such as en; detected where neither it nor the locale in --references is given.
            """)
    var language: String?

    @Option(help: "transcribe, or translate into English.")
    var task: String?

    @Flag(help: "Show when each stretch of the text was said.")
    var timestamps = false

    @Option(
        help: """
            What is said: a table with the columns path and sentence, perhaps locale, as Common Voice has it. The \
            error rates of words and characters follow the last text.
            """)
    var references: String?

    @OptionGroup var normalization: NormalizationOption

    @Option(
        help: """
            Table to write of what was heard, with the columns path, sentence and locale: training data for a conversion \
            of recordings whose texts are not known.
            """)
    var table: String?

    @Option(help: "Load that is asked for, 0 to 1.")
    var budget = 1.0

    @Option(help: "Files that are heard together.")
    var batchSize = 1

    @Flag(help: "Leave files out that cannot be read, and list them at the end.")
    var skipBad = false

    @Flag(help: "Print one JSON object a line for each file.")
    var json = false

    @OptionGroup var options: ModelOptions

    func validate() throws {
        try options.validate()
        try normalization.validate()
        guard (0...1).contains(budget) else {
            throw ValidationError("--budget must lie in 0...1, found \(budget)")
        }
        guard batchSize >= 1 else {
            throw ValidationError("--batch-size must be at least 1, found \(batchSize)")
        }
        if let table {
            try OutputFile(option: "--table", path: table).validate(inputs: [model, references] + files)
        }
    }

    func run() throws {
        let badSamples = BadSamples(areSkipped: skipBad)
        defer { badSamples.list() }
        if let table { try OutputFile(option: "--table", path: table).requireWritable() }
        let sentences = try sentences(badSamples)
        let normalization = try self.normalization.value()
        var score = TranscriptionScore(normalization)
        var languageScores: [String: TranscriptionScore] = [:]
        var rows = ["path\tsentence\tlocale\n"]
        let (adaptive, device, _) = try options.load(model)
        let transcriber = try SpeechTranscriber(adaptive, folder: URL(fileURLWithPath: model))
        let request = WhisperRequest(language: language, task: task, hasTimestamps: timestamps)
        for start in stride(from: 0, to: files.count, by: batchSize) {
            let batch = try files[start..<min(start + batchSize, files.count)].compactMap { file in
                try badSamples.keep(file) {
                    (
                        file,
                        try AudioDecoder.decode(
                            URL(fileURLWithPath: file), sampleRate: transcriber.sampleRate)
                    )
                }
            }
            if batch.isEmpty { continue }
            let began = ContinuousClock.now
            let transcripts = try transcriber.transcribe(
                batch.map(\.1), request, languages: batch.map { sentences[name($0.0)]?.language },
                budget: budget)
            try device.synchronize()
            let seconds = (ContinuousClock.now - began) / .seconds(1) / Double(batch.count)
            for ((file, _), transcript) in zip(batch, transcripts) {
                try show(transcript, file: file, seconds: seconds)
                rows += row(transcript, file: file)
                guard let sentence = sentences[name(file)] else { continue }
                score.add(transcript, reference: sentence.text, seconds: seconds)
                guard let language = sentence.language else { continue }
                languageScores[language, default: TranscriptionScore(normalization)].add(
                    transcript, reference: sentence.text, seconds: seconds)
            }
        }
        if let table { try AtomicFile.write(Data(rows.joined().utf8), to: URL(fileURLWithPath: table)) }
        if references != nil { try show(score, languageScores.sorted { $0.key < $1.key }) }
    }

    /// What is said in the files by their names; of none where no references are given.
    private func sentences(_ badSamples: BadSamples) throws -> [String: CommonVoice.Sentence] {
        guard let references else { return [:] }
        let sentences = try CommonVoice.sentences(URL(fileURLWithPath: references), badSamples: badSamples)
        if !skipBad, let file = files.first(where: { sentences[name($0)] == nil }) {
            throw DatasetError.sample(place: file, "\(references) has no sentence for \(name(file))")
        }
        return sentences
    }

    /// A line of the table; none for a file in which nothing was heard.
    private func row(_ transcript: Transcript, file: String) -> [String] {
        let text = transcript.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return text.isEmpty ? [] : ["\(name(file))\t\(text)\t\(transcript.language ?? "")\n"]
    }

    private func name(_ file: String) -> String { URL(fileURLWithPath: file).lastPathComponent }

    private func show(
        _ score: TranscriptionScore, _ languages: [(key: String, value: TranscriptionScore)]
    ) throws {
        if json {
            guard case .object(var object) = score.json else { return }
            var rates = JSONObject()
            for language in languages { rates[language.key] = language.value.json }
            object["languages"] = languages.isEmpty ? .null : .object(rates)
            print(try JSONValue.object(object).text(.compact))
            return
        }
        show(score, "")
        for language in languages { show(language.value, "\(language.key): ") }
    }

    private func show(_ score: TranscriptionScore, _ head: String) {
        print(
            head
                + String(
                    format: """
                        sounds %d, words %d: word error rate %.4f, character error rate %.4f; %.1f s heard in %.1f s, \
                        real-time factor %.3f
                        """,
                    score.soundCount, score.words.referenceCount, score.words.value, score.characters.value,
                    score.duration, score.seconds, score.realTimeFactor))
    }

    /// - Parameter seconds: the time that the sound took, of the batch an equal part.
    private func show(_ transcript: Transcript, file: String, seconds: Double) throws {
        if json {
            guard case .object(var object) = transcript.json else { return }
            object["file"] = .string(file)
            object["seconds"] = .number(seconds)
            print(try JSONValue.object(object).text(.compact))
            return
        }
        let details = [
            transcript.language, String(format: "%.1f s heard in %.2f s", transcript.duration, seconds),
            transcript.load.map { String(format: "load %.3f", $0) },
        ]
        print("\(file)  (\(details.compactMap { $0 }.joined(separator: ", ")))")
        if timestamps {
            for segment in transcript.segments {
                print(String(format: "  %7.2f–%7.2f ", segment.start, segment.end) + segment.text)
            }
        } else {
            print("  \(transcript.text)")
        }
    }
}
