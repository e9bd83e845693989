import Foundation
import Torch
import Transformers

/// One training of the parameters of a network, step by step.
package protocol TrainingStage: AnyObject {
    /// Tells the stages of a run apart in files and reports.
    var name: String { get }
    var network: any TransformerModel { get }
    var totalSteps: Int { get }
    var optimizer: Adam { get }
    /// The learning rate of a step.
    func rate(_ step: Int) -> Double
    /// Does one step and, when asked, reads its values back, the loss first.
    func step(_ step: Int, readsValues: Bool) throws -> [(name: String, value: Double)]
}

/// News of a training without phases.
public struct StageReport: Sendable {
    /// Of the stage.
    public let name: String
    /// Steps done.
    public let step: Int
    public let totalSteps: Int
    /// Named values of this step, `loss` first.
    public let values: [(name: String, value: Double)]
}

/// Runs the stages of a training one after the other, with checkpoints and events.
package struct TrainingLoop {
    /// Where a run stands.
    package struct Position {
        package let stage: String
        package let step: Int

        fileprivate var stem: String { "\(stage)-\(step)" }
    }

    private let checkpoint: TrainingCheckpoint
    private let fingerprint: String
    private let checkpointSteps: Int
    private let reportSteps: Int
    private let events: EventFile
    private let report: (StageReport) -> Void
    /// Of the run that is gone on with; nil for a new one.
    package let saved: Position?

    /// - Parameters:
    ///   - output: the run's folder.
    ///   - fingerprint: what tells this run from others.
    ///   - checkpointSteps: steps between checkpoints.
    ///   - reportSteps: steps between reports; reports read values back from the device.
    ///   - report: called then.
    /// - Throws: ``ConversionError/otherRun(folder:)`` where the folder has the checkpoint of something else.
    package init(
        output: URL, fingerprint: String, checkpointSteps: Int, reportSteps: Int,
        report: @escaping (StageReport) -> Void
    ) throws {
        checkpoint = TrainingCheckpoint(folder: output.appendingPathComponent("checkpoint"))
        self.fingerprint = fingerprint
        self.checkpointSteps = checkpointSteps
        self.reportSteps = reportSteps
        self.report = report
        let state = try checkpoint.state(fingerprint: fingerprint)
        saved = try state.map {
            Position(stage: try $0.string("stage"), step: try $0.integer("step", in: 0...Int.max))
        }
        events = try EventFile.open(
            in: output, goingOnFrom: state?.optionalObject("events").map(EventFile.Position.init))
    }

    /// Runs a stage, from where it was saved if that is this stage.
    ///
    /// - Returns: the values of the last step; none where all steps had been done.
    package func run(_ stage: any TrainingStage) throws -> [(name: String, value: Double)] {
        var first = 0
        if let saved, saved.stage == stage.name {
            first = saved.step
            try checkpoint.restore(stage.network, saved.stem)
            try stage.optimizer.restore(checkpoint.optimizerState(saved.stem))
        }
        var last: [(name: String, value: Double)] = []
        for step in first..<max(stage.totalSteps, first) {
            let isLast = step + 1 == stage.totalSteps
            let reports = isLast || step == 0 || (step + 1) % reportSteps == 0
            // Nothing is saved whose loss was not looked at.
            let saves = isLast || (step + 1) % checkpointSteps == 0
            let values = try stage.step(step, readsValues: reports || saves)
            if reports {
                let shown = values + [("learning_rate", stage.rate(step))]
                try events.append(
                    .values(shown.map { .scalar(tag: "\(stage.name)/\($0.name)", $0.value) }), step: step + 1)
                report(
                    StageReport(
                        name: stage.name, step: step + 1, totalSteps: stage.totalSteps, values: values))
            }
            if isLast { last = values }
            if saves { try save(stage, step + 1) }
        }
        return last
    }

    private func save(_ stage: any TrainingStage, _ step: Int) throws {
        let position = Position(stage: stage.name, step: step)
        var state = JSONObject()
        state["stage"] = .string(position.stage)
        state["step"] = .integer(position.step)
        state["events"] = events.position.json
        try checkpoint.save(
            position.stem, state: state, fingerprint: fingerprint, network: stage.network,
            optimizer: stage.optimizer.state)
    }

    /// Ends the run: what it was saved in goes away.
    package func finish() throws { try checkpoint.remove() }
}
