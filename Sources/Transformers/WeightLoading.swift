import Foundation
import Torch

extension TransformerModel {
    /// Fills every parameter from a checkpoint, without copying where type and device allow.
    ///
    /// - Parameters:
    ///   - checkpoint: the tensors by name.
    ///   - folder: the checkpoint's, for messages.
    ///   - type: type of the parameters afterwards; nil keeps the file's.
    ///   - device: where the parameters are afterwards.
    ///   - ignoring: checkpoint names that may stay unused.
    /// - Throws: ``ModelError/mismatch(file:problems:)`` with *all* missing, unused, mis-shaped
    ///   and mis-typed tensors; `TorchError.missingDevice(_:count:)`.
    public func load(
        _ checkpoint: SafetensorsCheckpoint, from folder: URL, type: DataType? = .float32,
        device: Device = .cpu, ignoring: (String) -> Bool = { _ in false }
    ) throws {
        try device.requireAvailable()
        var problems: [String] = []
        var used: Set<String> = []
        var found: [(parameter: Tensor, file: SafetensorsFile, name: String)] = []
        for (name, parameter) in try checkpointParameters() {
            used.insert(name)
            guard let (file, entry) = checkpoint.find(name) else {
                problems.append("\(name) is missing")
                continue
            }
            if entry.shape != parameter.shape {
                problems.append("\(name) must have shape \(parameter.shape), found \(entry.shape)")
            } else if DataType(safetensors: entry.dataType)?.isFloatingPoint != true {
                problems.append("\(name) must be floating-point, found \(entry.dataType.rawValue)")
            } else {
                found.append((parameter, file, name))
            }
        }
        for name in checkpoint.names
        where !used.contains(name) && !nameTable.drops(name) && !ignoring(name) {
            problems.append("\(name) is not used by this architecture")
        }
        guard problems.isEmpty else {
            throw ModelError.mismatch(file: folder.relativePath, problems: problems)
        }
        for (parameter, file, name) in found {
            let source = try file.tensor(name)
            let converted = try source.to(device, type)
            try parameter.adopt(converted)
            // What was copied is not needed a second time.
            if converted !== source { try file.forget(name) }
        }
    }
}
