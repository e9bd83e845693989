import AdaptiveComputation
import Datasets
import Preprocessing
import Torch
import Transformers

/// Measures what runs give for the samples of a batch.
struct SampleScorer {
    /// Whether embeddings are made: the first run's are what those of the others are compared with.
    var embeds = false
    /// Fitted on embeddings of the first run's model.
    var probe: LinearProbe?
    /// Makes texts of a speech model's logits.
    var speller: CTCTokenizer?
    var normalization = ErrorRate.Normalization()
    /// What is said in a sample; nil where that is not known.
    var text: (Int) -> String? = { _ in nil }
    /// Hears recordings with models that write texts; nil for others.
    var listener: RecordingListener?

    /// Classifiers give logits only; then the last hidden states must be kept.
    private var keepsHiddenStates = false
    /// Of the first run, for this batch.
    private var reference: Tensor?

    init(embeds: Bool = false) { self.embeds = embeds }

    /// What a run gave for the samples of a batch.
    struct Scores {
        /// A number for each sample.
        var values: [Measure: [Float]] = [:]
        /// Real tokens of each sample; of a model that writes texts those of its decoder.
        var tokenCounts: [Int]
        /// For each adaptive module at index k the tokens that ran k learners.
        var histograms: [[Int]]
        /// `[batch, width]` on the host; nil where none are made.
        var embeddings: Tensor?
    }

    /// - Parameters:
    ///   - run: what runs.
    ///   - batch: on the run's device.
    ///   - labels: `[batch]` int64; nil without classes.
    ///   - isFirst: whether the batch is new.
    /// - Throws: ``EvaluationError/notFinite(_:)`` where the model's numbers are not; what models throw.
    mutating func score(
        _ run: CollectedRun, _ batch: Batch, labels: Tensor?, isFirst: Bool
    ) throws -> Scores {
        if listener != nil { return try hear(run, batch) }
        func newPass() -> AdaptivePass {
            AdaptivePass(budget: run.budget ?? 1, keepsHiddenStates: keepsHiddenStates)
        }
        var pass = newPass()
        var outputs = try run.model(batch.inputs, pass)
        if embeds, !keepsHiddenStates, outputs["last_hidden_state"] == nil {
            keepsHiddenStates = true
            pass = newPass()
            outputs = try run.model(batch.inputs, pass)
        }
        var values: [Measure: [Float]] = [:]
        values[.load] = try SampleLoad.of(pass, run.model, sampleCount: batch.indices.count)
        try outputs["logits"]?.requireFinite("logits")
        if let labels, let logits = outputs["logits"], logits.rank == 2 {
            values.merge(try ClassScores.of(logits, labels: labels)) { $1 }
        }
        if let speller, let logits = outputs["logits"], logits.rank == 3 {
            let found = try speller.transcribe(logits, mask: pass.tokenMask)
            values.merge(errors(found, batch.indices)) { $1 }
        }
        var meter = LoadMeter(run.model)
        try meter.add(pass)
        var scores = Scores(
            tokenCounts: try pass.tokenCounts(sampleCount: batch.sampleCount)
                ?? Array(repeating: run.model.network.dimensions.tokenCount ?? 0, count: batch.sampleCount),
            histograms: meter.modules.map(\.histogram))
        guard embeds else {
            scores.values = values
            return scores
        }
        let embeddings = try SampleEmbedding.of(outputs, pass).to(.cpu).requireFinite("embedding")
        if isFirst { reference = embeddings }
        if let reference, run.budget != nil {
            values[.cosine] = try Loss.cosineSimilarity(embeddings, reference).array(of: Float.self)
        }
        if let probe, let labels {
            values[.probe] = try probe(embeddings).argMax(axis: -1).equals(labels.to(.cpu))
                .to(nil, .float32).array(of: Float.self)
        }
        scores.values = values
        scores.embeddings = embeddings
        return scores
    }

    /// Transcripts of a model that writes texts, compared with what is said.
    private mutating func hear(_ run: CollectedRun, _ batch: Batch) throws -> Scores {
        var scores = Scores(
            tokenCounts: [], histograms: LoadMeter(run.model).modules.map(\.histogram))
        var heard: [String] = []
        for number in batch.indices {
            guard let (hearing, milliseconds) = try listener?.hear(number, run) else { continue }
            heard.append(hearing.transcript.text)
            scores.tokenCounts.append(hearing.tokenCount)
            scores.histograms = zip(scores.histograms, hearing.meter.modules).map {
                zip($0, $1.histogram).map(+)
            }
            for (measure, value) in [
                (Measure.load, hearing.meter.load), (.macs, hearing.macs), (.milliseconds, milliseconds),
                (.duration, hearing.transcript.duration),
            ] {
                scores.values[measure, default: []].append(Float(value))
            }
        }
        scores.values.merge(errors(heard, batch.indices)) { $1 }
        return scores
    }

    /// The edits between texts and what was said; none where that is not known of all samples.
    private func errors(_ found: [String], _ indices: [Int]) -> [Measure: [Float]] {
        let said = indices.compactMap(text)
        guard said.count == found.count else { return [:] }
        let words = zip(said, found).map {
            ErrorRate.words(reference: $0, hypothesis: $1, normalization)
        }
        let characters = zip(said, found).map {
            ErrorRate.characters(reference: $0, hypothesis: $1, normalization)
        }
        return [
            .wordErrors: words.map { Float($0.errorCount) }, .words: words.map { Float($0.referenceCount) },
            .characterErrors: characters.map { Float($0.errorCount) },
            .characters: characters.map { Float($0.referenceCount) },
        ]
    }
}
