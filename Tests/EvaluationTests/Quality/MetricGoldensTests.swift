import Foundation
import Testing
import Torch

@testable import Evaluation

/// The same predictions, measured by torchmetrics and jiwer.
@Suite struct MetricGoldensTests {
    struct Measures: Decodable {
        struct Pair: Decodable {
            let reference: String
            let hypothesis: String
        }
        struct Speech: Decodable {
            let lowercases: Bool
            let stripsPunctuation: Bool
            let word: Double
            let character: Double
        }
        struct Ranks: Decodable {
            let first: [Double]
            let second: [Double]
            let spearman: Double
        }
        let top1: Double
        let top5: Double
        let calibrationError: Double
        let loss: Double
        let pairs: [Pair]
        let speech: [Speech]
        let ranks: Ranks
    }

    private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Goldens/metrics")

    private func measures() throws -> Measures {
        try JSONDecoder().decode(
            Measures.self, from: Data(contentsOf: folder.appendingPathComponent("measures.json")))
    }

    @Test func classifiersAreMeasuredAsByTorchmetrics() throws {
        let golden = try measures()
        let tensors = try SafetensorsFile(folder.appendingPathComponent("classes.safetensors")).tensors()
        let (logits, labels) = (try #require(tensors["logits"]), try #require(tensors["labels"]))
        var accuracy = ClassAccuracy()
        for rows in [0..<100, 100..<240] {
            accuracy = try accuracy.adding(logits.slice(rows, axis: 0), labels: labels.slice(rows, axis: 0))
        }
        #expect(abs(accuracy.top1 - golden.top1) < 1e-6)
        #expect(abs((accuracy.top5 ?? 0) - golden.top5) < 1e-6)
        #expect(abs(accuracy.calibrationError - golden.calibrationError) < 1e-6)
        #expect(abs(accuracy.loss - golden.loss) < 1e-5)
    }

    @Test func transcriptsAreMeasuredAsByJiwer() throws {
        let golden = try measures()
        #expect(golden.speech.count == 4)
        for speech in golden.speech {
            let normalization = ErrorRate.Normalization(
                lowercases: speech.lowercases, stripsPunctuation: speech.stripsPunctuation)
            var (words, characters) = (ErrorRate(), ErrorRate())
            for pair in golden.pairs {
                words =
                    words
                    + ErrorRate.words(reference: pair.reference, hypothesis: pair.hypothesis, normalization)
                characters =
                    characters
                    + ErrorRate.characters(
                        reference: pair.reference, hypothesis: pair.hypothesis, normalization)
            }
            #expect(abs(words.value - speech.word) < 1e-12, "\(speech)")
            #expect(abs(characters.value - speech.character) < 1e-12, "\(speech)")
        }
    }

    @Test func ranksAreCorrelatedAsByTorchmetrics() throws {
        let ranks = try measures().ranks
        let terms = SampleTerms(values: ranks.first, weights: ranks.second, isCorrelation: true)
        #expect(Set(ranks.first).count < ranks.first.count)
        #expect(abs((terms.value ?? 0) - ranks.spearman) < 1e-6)
    }

    @Test func calibrationErrorByHand() {
        var error = CalibrationError(binCount: 10)
        // Two at 0.75, one right: |1 - 1.5| / 4; one at 0.95, wrong: 0.95 / 4; one at 1, right: 0.
        error.add(confidence: [0.75, 0.75, 0.95, 1], isRight: [true, false, false, true])
        #expect(abs(error.value - (0.5 + 0.95) / 4) < 1e-6)
        #expect(CalibrationError().value == 0)
    }
}
