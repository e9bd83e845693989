import AdaptiveComputation
import ArgumentParser
import Baselines
import Conversion
import Foundation
import Torch

extension ParsableArguments {
    /// - Throws: `ValidationError` for a number of threads that no machine has.
    func checkThreads(_ count: Int) throws {
        guard (0...1024).contains(count) else {
            throw ValidationError("--threads must lie in 0...1024, found \(count)")
        }
    }
}

/// Where a model runs and in which precision.
struct ModelOptions: ParsableArguments {
    @Option(help: "cpu, cuda or cuda:N.")
    var device = "cpu"

    @Option(
        name: .customLong("dtype"),
        help: "float32, bfloat16 or float16; on a CPU also int8, for the products of blocks.")
    var dataType = "float32"

    @Option(help: "Threads within one operation; 0 leaves libtorch's choice.")
    var threads = 0

    func validate() throws {
        guard Device(device) != nil else {
            throw ValidationError("--device must be cpu, cuda or cuda:N, found \"\(device)\"")
        }
        guard ["float32", "bfloat16", "float16", "int8"].contains(dataType) else {
            throw ValidationError(
                "--dtype must be float32, bfloat16, float16 or int8, found \"\(dataType)\"")
        }
        guard dataType != "int8" || device == "cpu" else {
            throw ValidationError("--dtype int8 goes with --device cpu")
        }
        try checkThreads(threads)
    }

    func place() throws -> (device: Device, type: DataType) {
        if threads > 0 { try Runtime.setThreadCount(threads) }
        let device = Device(self.device) ?? .cpu
        try device.requireAvailable()
        return (device, dataType == "int8" ? .bfloat16 : DataType(rawValue: dataType) ?? .float32)
    }

    /// - Parameters:
    ///   - path: a model's folder.
    ///   - packs: whether it is made ready for inference.
    func load(
        _ path: String, packs: Bool = true
    ) throws -> (model: AdaptiveModel, device: Device, type: DataType) {
        let (device, type) = try place()
        var model = try Self.load(path, type, device)
        if packs { try pack(&model, type, device) }
        return (model, device, type)
    }

    /// Makes a model ready for inference: on a CPU its weights are packed, on a GPU projections joined.
    func pack(_ model: inout AdaptiveModel, _ type: DataType, _ device: Device) throws {
        if device.type == .cuda { try model.joinProjections() }
        guard device == .cpu, let own = PackedPrecision(type) else { return }
        try model.pack(dataType == "int8" ? .int8 : own)
    }

    /// A model of any kind: dense, converted, or a baseline.
    static func load(_ path: String, _ type: DataType?, _ device: Device = .cpu) throws -> AdaptiveModel {
        let folder = URL(fileURLWithPath: path)
        return try MoEfication.load(folder, type: type, device: device)
            ?? EarlyExitModel.load(folder, type: type, device: device)
            ?? TokenHaltingModel.load(folder, type: type, device: device)
            ?? TokenMergingModel.load(folder, type: type, device: device)
            ?? AdaptiveModel.load(folder, type: type, device: device)
    }

    /// The dense model that a converted one came from.
    ///
    /// - Parameters:
    ///   - path: the dense model's folder.
    ///   - converted: the converted model.
    ///   - name: its folder, for messages.
    ///   - packs: whether it is made ready for inference.
    func loadDense(
        _ path: String, of converted: AdaptiveModel, _ name: String, packs: Bool = true
    ) throws -> AdaptiveModel {
        let dense = try load(path, packs: packs).model
        let isBaseline = converted.configuration == nil
        guard !dense.isAdaptive,
            isBaseline || dense.network.configuration == converted.baseConfiguration
        else {
            throw ConversionError.order(
                "\(path) is not the dense model that \(name) came from: its config.json differs")
        }
        return dense
    }
}
