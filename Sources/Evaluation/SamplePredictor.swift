import AdaptiveComputation
import Datasets
import Foundation
import Preprocessing
import Torch
import Transformers

/// Runs any kind of model on samples as a person would ask it: classes, a vector, or what is said.
public struct SamplePredictor {
    private let model: AdaptiveModel
    private let budget: Double
    private let speller: CTCTokenizer?
    private let transcriber: SpeechTranscriber?
    private let request: WhisperRequest
    private let beamWidth: Int

    /// - Parameters:
    ///   - model: dense or converted.
    ///   - folder: its Hugging Face folder, for tokenizers.
    ///   - budget: the load that is asked for, 0…1.
    ///   - language: of recordings that do not tell theirs, for a multilingual Whisper; detected where it is nil.
    ///   - beamWidth: transcripts that a CTC model's decoding follows at once.
    public init(
        _ model: AdaptiveModel, folder: URL, budget: Double, language: String? = nil, beamWidth: Int = 1
    ) throws {
        self.model = model
        self.budget = budget
        self.beamWidth = beamWidth
        let task = try ModelFolder.architecture(folder).task
        speller = task == .ctc ? try CTCTokenizer(folder: folder) : nil
        transcriber = task == .generation ? try SpeechTranscriber(model, folder: folder) : nil
        request = WhisperRequest(language: language)
    }

    /// - Parameters:
    ///   - dataset: what the batch is from.
    ///   - batch: samples on the model's device and in its type.
    /// - Returns: one for each row.
    public func predict(_ dataset: any Dataset, _ batch: Batch) throws -> [Prediction] {
        guard let transcriber, let recordings = dataset as? AudioDataset else {
            return try Prediction.make(
                model, dataset, batch, budget: budget, speller: speller, beamWidth: beamWidth)
        }
        let transcripts = try transcriber.transcribe(
            batch.indices.map(recordings.samples(of:)), request,
            languages: batch.indices.map(recordings.language(of:)), budget: budget)
        var loads: [TokenLoads]?
        if model.isAdaptive {
            // Of the first window of each, for whose frames loads can be shown.
            let pass = AdaptivePass(budget: budget)
            _ = try withoutGradients { try model(batch.inputs, pass) }
            loads = try Prediction.loads(pass, model, dataset, batch.indices)
        }
        return transcripts.enumerated().map { row, transcript in
            Prediction(transcript: transcript.text, loads: loads?[row])
        }
    }
}
