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

    /// Classifiers give logits only; then the last hidden states must be kept.
    private var keepsHiddenStates = false
    /// Of the first run, for this batch.
    private var reference: Tensor?

    init(embeds: Bool = false) { self.embeds = embeds }

    /// - Parameters:
    ///   - run: what runs.
    ///   - batch: on the run's device.
    ///   - labels: `[batch]` int64; nil without classes.
    ///   - isFirst: whether the batch is new.
    /// - Returns: the numbers of each sample, the pass that ran, and the embeddings `[batch, width]` on the
    ///   host where they are made.
    mutating func score(
        _ run: CollectedRun, _ batch: Batch, labels: Tensor?, isFirst: Bool
    ) throws -> (values: [Measure: [Float]], pass: AdaptivePass, embeddings: Tensor?) {
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
        if let labels, let logits = outputs["logits"], logits.rank == 2 {
            values.merge(try ClassScores.of(logits, labels: labels)) { $1 }
        }
        if let speller, let logits = outputs["logits"], logits.rank == 3 {
            let found = try speller.transcribe(logits, mask: pass.tokenMask)
            values.merge(errors(found, batch.indices)) { $1 }
        }
        guard embeds else { return (values, pass, nil) }
        let embeddings = try SampleEmbedding.of(outputs, pass).to(.cpu)
        if isFirst { reference = embeddings }
        if let reference, run.budget != nil {
            values[.cosine] = try Loss.cosineSimilarity(embeddings, reference).array(of: Float.self)
        }
        if let probe, let labels {
            values[.probe] = try probe(embeddings).argMax(axis: -1).equals(labels.to(.cpu))
                .to(nil, .float32).array(of: Float.self)
        }
        return (values, pass, embeddings)
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
