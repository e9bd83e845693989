import AdaptiveComputation
import Conversion
import Datasets
import Evaluation
import Foundation
import Torch
import Transformers

extension Evaluate {
    /// Error rates, load and cost of a converted Whisper against the dense one.
    func evaluateTranscripts(
        _ adaptive: AdaptiveModel, _ teacher: AdaptiveModel, _ device: Device, _ data: any Dataset,
        dense: String
    ) throws {
        guard probeSplit == "none" else {
            throw ConversionError.order("\(model) writes texts: --probe-split goes with embeddings")
        }
        let output = output("transcripts", adaptive, data)
        let evaluator = try TranscriptionEvaluator(
            SpeechTranscriber(adaptive, folder: URL(fileURLWithPath: model)),
            dense: SpeechTranscriber(teacher, folder: URL(fileURLWithPath: dense)), dataset: data,
            request: WhisperRequest(language: language), normalization: normalization.value(),
            options: evaluationOptions(output, device))
        let result = try output.prepared { try evaluator.evaluate(budgets: budgetValues) }
        try write(result, output, classNames: nil) { try evaluator.examples($0) }
    }
}
