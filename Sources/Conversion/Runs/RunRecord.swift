import Torch

/// What a run has done so far: it goes into every checkpoint, and at the end into `results.json`.
struct RunRecord: Equatable {
    var phases: [PhaseRecord] = []
    var evaluations: [HeldOutEvaluation] = []
    /// Of the event file.
    var events: EventFile.Position?

    init() {}

    /// - Throws: `JSONError` for a missing or wrong entry.
    init(_ reader: JSONObjectReader) throws {
        phases = try reader.objects("phases").map(PhaseRecord.init)
        evaluations = try reader.objects("held_out").map(HeldOutEvaluation.init)
        events = try reader.optionalObject("events").map(EventFile.Position.init)
    }

    var json: JSONValue {
        [
            "phases": .array(phases.map(\.json)), "held_out": .array(evaluations.map(\.json)),
            "events": events?.json ?? .null,
        ]
    }

    /// The evaluation with the lowest score, the first of several.
    var best: HeldOutEvaluation? { evaluations.min { $0.score < $1.score } }

    /// Evaluations since the best one.
    var evaluationsWithoutGain: Int {
        guard let best, let place = evaluations.firstIndex(of: best) else { return 0 }
        return evaluations.count - 1 - place
    }

    /// Whether phase III ends here: so many evaluations brought no gain.
    func isOver(patience: Int) -> Bool { patience > 0 && evaluationsWithoutGain >= patience }
}
