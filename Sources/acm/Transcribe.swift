import ArgumentParser
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
            the one before ends, otherwise they are cut every 30 s.
            """)

    @Argument(help: "A Hugging Face folder of a Whisper model, dense or converted.")
    var model: String

    @Argument(help: "Audio files: WAV, FLAC, Ogg, MP3 or G.722.")
    var files: [String]

    @Option(help: "The language by its code, such as en; detected where it is not given.")
    var language: String?

    @Option(help: "transcribe, or translate into English.")
    var task: String?

    @Flag(help: "Show when each stretch of the text was said.")
    var timestamps = false

    @Option(help: "Load that is asked for, 0 to 1.")
    var budget = 1.0

    @Option(help: "Files that are heard together.")
    var batchSize = 1

    @Flag(help: "Print one JSON object a line for each file.")
    var json = false

    @OptionGroup var options: ModelOptions

    func validate() throws {
        try options.validate()
        guard (0...1).contains(budget) else {
            throw ValidationError("--budget must lie in 0...1, found \(budget)")
        }
        guard batchSize >= 1 else {
            throw ValidationError("--batch-size must be at least 1, found \(batchSize)")
        }
    }

    func run() throws {
        let (adaptive, device, _) = try options.load(model)
        let transcriber = try SpeechTranscriber(adaptive, folder: URL(fileURLWithPath: model))
        let request = WhisperRequest(language: language, task: task, hasTimestamps: timestamps)
        for start in stride(from: 0, to: files.count, by: batchSize) {
            let batch = files[start..<min(start + batchSize, files.count)]
            let sounds = try batch.map {
                try AudioDecoder.decode(URL(fileURLWithPath: $0), sampleRate: transcriber.sampleRate)
            }
            let began = ContinuousClock.now
            let transcripts = try transcriber.transcribe(sounds, request, budget: budget)
            try device.synchronize()
            let seconds = Double((ContinuousClock.now - began) / .milliseconds(1)) / 1000
            for (file, transcript) in zip(batch, transcripts) {
                try show(transcript, file: file, seconds: seconds / Double(batch.count))
            }
        }
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
