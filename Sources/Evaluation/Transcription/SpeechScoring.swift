import Datasets
import Preprocessing

/// How the transcripts of a model of speech are made and compared with what is said.
public struct SpeechScoring: Sendable {
    /// Makes texts of the model's logits.
    public let speller: CTCTokenizer
    /// What is made alike before texts are compared.
    public let normalization: ErrorRate.Normalization

    public init(_ speller: CTCTokenizer, _ normalization: ErrorRate.Normalization) {
        self.speller = speller
        self.normalization = normalization
    }
}

extension SampleScorer {
    /// Compares transcripts with the texts of a dataset's recordings.
    mutating func hears(_ speech: SpeechScoring?, _ dataset: any Dataset) {
        guard let speech, let recordings = dataset.root as? AudioDataset else { return }
        speller = speech.speller
        normalization = speech.normalization
        text = { recordings.text(of: $0) }
    }
}
