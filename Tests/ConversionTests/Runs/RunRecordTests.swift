import Testing
import Torch

@testable import Conversion

@Suite struct RunRecordTests {
    func evaluation(_ step: Int, _ loss: Double, load: Double = 0.5) -> HeldOutEvaluation {
        HeldOutEvaluation(
            step: step, scores: [HeldOutEvaluation.Score(budget: 0.5, loss: loss, load: load)],
            budgetWeight: 2)
    }

    @Test func theScoreCountsMissedBudgets() {
        let scores = [
            HeldOutEvaluation.Score(budget: 0.25, loss: 1, load: 0.35),
            HeldOutEvaluation.Score(budget: 1, loss: 0.5, load: 0.9),
        ]
        let evaluation = HeldOutEvaluation(step: 3, scores: scores, budgetWeight: 5)
        #expect(abs(evaluation.score - (1 + 5 * 0.1 + 0.5 + 5 * 0.1) / 2) < 1e-12)
    }

    @Test func theBestIsTheFirstOfTheLowest() {
        var record = RunRecord()
        #expect(record.best == nil && record.evaluationsWithoutGain == 0 && !record.isOver(patience: 1))
        record.evaluations = [evaluation(1, 3), evaluation(2, 2), evaluation(3, 2), evaluation(4, 2.5)]
        #expect(record.best?.step == 2 && record.evaluationsWithoutGain == 2)
        #expect(record.isOver(patience: 2) && !record.isOver(patience: 3) && !record.isOver(patience: 0))
        record.evaluations.append(evaluation(5, 1.9, load: 0.9))  // worse: it misses the budget
        #expect(record.best?.step == 2)
        record.evaluations.append(evaluation(6, 1))
        #expect(record.best?.step == 6 && !record.isOver(patience: 1))
    }

    @Test func recordsComeBackFromJSON() throws {
        var record = RunRecord()
        var phase = PhaseRecord(.finetuning, plannedSteps: 10, batchSize: 4)
        phase.steps = 7
        phase.seconds = 3.5
        phase.values = [("loss", 0.25), ("task", 3)]
        phase.gates = ["budget": 0.5]
        phase.peakHostBytes = 1 << 33
        phase.peakDeviceBytes = 1 << 34
        record.phases = [PhaseRecord(.distillation, plannedSteps: 1, batchSize: 1), phase]
        record.evaluations = [evaluation(2, 0.125), evaluation(4, 0.5)]
        record.events = EventFile.Position(name: "events", byteCount: 12)
        let text = try record.json.text()
        let again = try RunRecord(JSONObjectReader(JSONValue(parsing: text), source: "test"))
        #expect(again == record)
        // Records are compared by their JSON, which must have everything.
        let found = again.phases[1]
        #expect(found.values.map(\.name) == ["loss", "task"] && found.values.map(\.value) == [0.25, 3])
        #expect(found.phase == .finetuning && found.steps == 7 && found.plannedSteps == 10)
        #expect(found.batchSize == 4 && found.seconds == 3.5 && found.gates == ["budget": 0.5])
        #expect(found.peakHostBytes == 1 << 33 && found.peakDeviceBytes == 1 << 34)
        #expect(record.json["phases"]?.arrayValue?[1]["samples_per_second"]?.doubleValue == 8)
        #expect(try RunRecord(JSONObjectReader(RunRecord().json, source: "test")) == RunRecord())
    }
}
