import AdaptiveComputation
import Foundation
import Torch
import Transformers

/// Writes down what a run does: its record, and the events that TensorBoard shows.
final class RunLog {
    private(set) var record: RunRecord
    private let device: Device
    private let file: EventFile
    private var phaseStart = ContinuousClock.now
    private var secondsBefore = 0.0
    private var lastReport: (step: Int, time: ContinuousClock.Instant)?

    /// - Parameters:
    ///   - folder: of the run.
    ///   - saved: the record at the checkpoint that the run goes on from; nil for a new run.
    ///   - device: whose memory is watched.
    init(_ folder: URL, goingOnFrom saved: RunRecord?, device: Device) throws {
        self.device = device
        record = saved ?? RunRecord()
        file = try .open(in: folder, goingOnFrom: saved?.events)
    }

    /// A phase starts, or goes on.
    func begin(_ phase: TrainingPhase, plannedSteps: Int, batchSize: Int) throws {
        if record.phases.last?.phase != phase {
            record.phases.append(PhaseRecord(phase, plannedSteps: plannedSteps, batchSize: batchSize))
        }
        secondsBefore = record.phases.last?.seconds ?? 0
        phaseStart = .now
        lastReport = nil
        if device.type != .cpu { try device.resetPeakMemory() }
    }

    /// Samples a second since the last report; nil at the first of a phase, whose first step is slow.
    func samplesPerSecond(at step: Int) -> Double? {
        let now = ContinuousClock.now
        defer { lastReport = (step, now) }
        guard let lastReport, let phase = record.phases.last else { return nil }
        let seconds = (now - lastReport.time) / .seconds(1)
        return seconds > 0 ? Double((step - lastReport.step) * phase.batchSize) / seconds : nil
    }

    /// Takes a report down. Call it before the checkpoint of its step.
    func add(_ report: TrainingReport) throws {
        let phase = report.phase.rawValue
        var values = report.values.map { TensorBoardEvent.Value.scalar(tag: "\(phase)/\($0.name)", $0.value) }
        values.append(.scalar(tag: "\(phase)/learning_rate", report.learningRate))
        if let speed = report.samplesPerSecond {
            values.append(.scalar(tag: "\(phase)/samples_per_second", speed))
        }
        if let gates = report.gates {
            values.append(.scalar(tag: "\(phase)/gates/load", gates.meter.load))
            for module in gates.meter.modules {
                values.append(.scalar(tag: "\(phase)/gates/load/\(module.place)", module.load))
                values.append(.counts(tag: "\(phase)/choices/\(module.place)", module.histogram))
            }
        }
        if let heldOut = report.heldOut {
            record.evaluations.append(heldOut)
            values.append(.scalar(tag: "held_out/score", heldOut.score))
            for score in heldOut.scores {
                values.append(.scalar(tag: "held_out/loss/budget_\(score.budget)", score.loss))
                values.append(.scalar(tag: "held_out/load/budget_\(score.budget)", score.load))
            }
        }
        try file.append(.values(values), step: report.step)
        guard let last = record.phases.indices.last else { return }
        record.phases[last].values = report.values
        if let gates = report.gates { record.phases[last].gates = gates.json }
    }

    /// The record as it stands after so many steps of the phase.
    func checkpoint(step: Int) throws -> RunRecord {
        record.events = file.position
        if let last = record.phases.indices.last {
            record.phases[last].steps = step
            record.phases[last].seconds = secondsBefore + (ContinuousClock.now - phaseStart) / .seconds(1)
            if device.type != .cpu {
                let peak = try device.memory().peak
                record.phases[last].peakDeviceBytes = max(peak, record.phases[last].peakDeviceBytes ?? 0)
            }
            record.phases[last].peakHostBytes = Runtime.peakResidentBytes
        }
        return record
    }
}
