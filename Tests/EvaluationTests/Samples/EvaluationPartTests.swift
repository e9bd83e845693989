import Testing
import Torch

@testable import Evaluation

@Suite struct EvaluationPartTests {
    private func part(_ number: Int) throws -> EvaluationPart {
        var part = EvaluationPart(runCount: 2)
        part.numbers = [number]
        part.tokenCounts = [3]
        part.labels = [1]
        part.embedded = [number]
        part.runs[1].values = [.load: [0.5], .cosine: [Float(number)]]
        part.runs[1].histograms = [[1, 2], [0, 3]]
        part.runs[1].embeddings = [try Tensor([Float(number), 0], shape: [1, 2])]
        return part
    }

    @Test func partsAddUp() throws {
        var whole = EvaluationPart(runCount: 2)
        whole.append(try part(4))
        whole.append(try part(7))
        // As after the last part was written.
        whole.append(EvaluationPart(runCount: 2))
        #expect(whole.numbers == [4, 7] && whole.runs[1].histograms == [[2, 4], [0, 6]])
        #expect(whole.runs[1].values[.cosine] == [4, 7] && whole.runs[1].embeddings.count == 2)
    }

    @Test func tensorsGiveTheSamePart() throws {
        let part = try part(4)
        let tensors = Dictionary(uniqueKeysWithValues: try part.tensors().map { ($0.name, $0.tensor) })
        let again = try EvaluationPart(tensors, runCount: 2)
        #expect(again.numbers == part.numbers && again.labels == [1] && again.embedded == [4])
        #expect(again.runs.map(\.values) == part.runs.map(\.values))
        #expect(again.runs.map(\.histograms) == part.runs.map(\.histograms))
        #expect(try again.runs[1].embeddings[0].array(of: Float.self) == [4, 0])
        #expect(throws: EvaluationError.self) { try EvaluationPart([:], runCount: 1) }
    }
}
