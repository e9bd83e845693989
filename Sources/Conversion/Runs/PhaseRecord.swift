import Torch

/// What is known of one phase of a run.
struct PhaseRecord: Equatable {
    let phase: TrainingPhase
    /// Steps done.
    var steps = 0
    /// Steps that were to do.
    let plannedSteps: Int
    let batchSize: Int
    /// Of all that its steps took, reports and checkpoints too.
    var seconds = 0.0
    /// Of the last report, by their names.
    var values: [(name: String, value: Double)] = []
    /// Of the last report of the gates.
    var gates: JSONValue = .null
    var peakDeviceBytes: Int?
    var peakHostBytes: Int?

    init(_ phase: TrainingPhase, plannedSteps: Int, batchSize: Int) {
        self.phase = phase
        self.plannedSteps = plannedSteps
        self.batchSize = batchSize
    }

    /// - Throws: `JSONError` for a missing or wrong entry.
    init(_ reader: JSONObjectReader) throws {
        phase = try reader.choice("phase")
        steps = try reader.integer("steps", in: 0...Int.max)
        plannedSteps = try reader.integer("planned_steps", in: 0...Int.max)
        batchSize = try reader.integer("batch_size", in: 1...Int.max)
        seconds = try reader.double("seconds")
        if case .object(let last) = try reader.value("last") {
            values = last.compactMap { name, value in value.doubleValue.map { (name, $0) } }
        }
        gates = try reader.value("gates")
        peakDeviceBytes = try reader.optionalInteger("peak_device_bytes", in: 0...Int.max)
        peakHostBytes = try reader.optionalInteger("peak_host_bytes", in: 0...Int.max)
    }

    /// Keys: `phase`, `steps`, `planned_steps`, `batch_size`, `samples`, `seconds`, `samples_per_second`,
    /// `last` (values of the last report by name), `gates` (null, or `budget`, `load` and `modules`, see
    /// `ModuleLoad.json`), `peak_device_bytes` (of the device's allocator; null on a CPU), `peak_host_bytes`
    /// (of the process until then).
    var json: JSONValue {
        var last = JSONObject()
        for (name, value) in values { last[name] = .number(value) }
        let samples = steps * batchSize
        return [
            "phase": .string(phase.rawValue), "steps": .integer(steps),
            "planned_steps": .integer(plannedSteps), "batch_size": .integer(batchSize),
            "samples": .integer(samples), "seconds": .number(seconds),
            "samples_per_second": seconds > 0 ? .number(Double(samples) / seconds) : .null,
            "last": .object(last), "gates": gates,
            "peak_device_bytes": peakDeviceBytes.map { .integer($0) } ?? .null,
            "peak_host_bytes": peakHostBytes.map { .integer($0) } ?? .null,
        ]
    }

    static func == (first: PhaseRecord, second: PhaseRecord) -> Bool { first.json == second.json }
}

extension GateReport {
    /// Keys: `budget`, `load`, `modules` (see `ModuleLoad.json`).
    var json: JSONValue {
        [
            "budget": .number(budget), "load": .number(meter.load),
            "modules": .array(meter.modules.map(\.json)),
        ]
    }
}
