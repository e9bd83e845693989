import Datasets
import Torch
import Transformers

/// Hears the recordings of a dataset with a Whisper model and with the dense one that it came from, one at a
/// time and each as long as it is, and takes the time.
struct RecordingListener {
    let model: SpeechTranscriber
    let dense: SpeechTranscriber
    let recordings: AudioDataset
    private let request: WhisperRequest
    /// The budgets, nil for the dense model, at which something was heard before.
    private var warm: Set<Double?> = []

    init(
        _ model: SpeechTranscriber, dense: SpeechTranscriber, _ recordings: AudioDataset,
        _ request: WhisperRequest
    ) {
        self.model = model
        self.dense = dense
        self.recordings = recordings
        self.request = request
    }

    /// What is asked for of a recording: in its language where that is told.
    func request(of number: Int) -> WhisperRequest {
        model.configuration.request(request, in: recordings.language(of: number))
    }

    /// - Parameters:
    ///   - number: of the recording.
    ///   - run: the dense model's where it has no budget. Its first recording is heard twice, since the first
    ///     time takes longer.
    mutating func hear(
        _ number: Int, _ run: CollectedRun
    ) throws -> (hearing: SpeechTranscriber.Hearing, milliseconds: Double) {
        let sound = try recordings.samples(of: number)
        let transcriber = run.budget == nil ? dense : model
        func hear() throws -> SpeechTranscriber.Hearing {
            try transcriber.hear(sound, request(of: number), budget: run.budget ?? 1)
        }
        if warm.insert(run.budget).inserted { _ = try hear() }
        let began = ContinuousClock.now
        let hearing = try hear()
        return (hearing, (ContinuousClock.now - began) / .milliseconds(1))
    }
}
