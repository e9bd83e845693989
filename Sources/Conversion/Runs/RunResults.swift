import AdaptiveComputation
import Datasets
import Foundation
import Torch

/// What `results.json` in a run's folder says.
struct RunResults {
    let modelFolder: URL
    let teacherFolder: URL
    let phases: [TrainingPhase]
    let options: ConversionOptions
    let sampleCount: Int
    let heldOutCount: Int
    let device: Device
    let model: AdaptiveModel
    let record: RunRecord

    /// Keys: `asked` (`model`, `teacher`, `phases`, `samples`, `held_out_samples`, `options`), `phases` (see
    /// `PhaseRecord.json`), `held_out` (null, or `evaluations` and `best`, see ``HeldOutEvaluation/json``),
    /// `adaptive_modules`, `parameters`, `versions`, `host`, `device`, `finished`.
    func json(finished: Date = Date()) throws -> JSONValue {
        let options = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(self.options))
        let parameters = model.network.namedParameters().reduce(0) { $0 + $1.tensor.elementCount }
        return [
            "asked": [
                "model": .string(modelFolder.relativePath), "teacher": .string(teacherFolder.relativePath),
                "phases": .array(phases.map { .string($0.rawValue) }), "samples": .integer(sampleCount),
                "held_out_samples": .integer(heldOutCount), "options": options.sorted,
            ],
            "phases": .array(record.phases.map(\.json)),
            "held_out": record.best.map { best in
                ["evaluations": .array(record.evaluations.map(\.json)), "best": best.json]
            } ?? .null,
            "adaptive_modules": .integer(model.modules.count), "parameters": .integer(parameters),
            "versions": [
                "adaptive_computation": .string(Version.current),
                "libtorch": .string(try Runtime.torchVersion()),
            ],
            "host": [
                "name": .string(ProcessInfo.processInfo.hostName),
                "cores": .integer(ProcessInfo.processInfo.activeProcessorCount),
                "threads": .integer(try Runtime.threadCount()),
                "instruction_set": .string(try Runtime.cpuCapability()),
            ],
            "device": [
                "name": .string(device.description),
                "model": device.type == .cpu ? .null : .string(try device.name()),
            ],
            "finished": .string(ISO8601DateFormatter().string(from: finished)),
        ]
    }
}

extension JSONValue {
    /// With the keys of all objects in alphabetical order: Foundation's coders keep none.
    fileprivate var sorted: JSONValue {
        switch self {
        case .object(let object):
            var result = JSONObject()
            for (key, value) in object.sorted(by: { $0.key < $1.key }) { result[key] = value.sorted }
            return .object(result)
        case .array(let values): return .array(values.map(\.sorted))
        default: return self
        }
    }
}
