import ArgumentParser
import Foundation
import Preprocessing
import Torch

/// Says what was found, and what is missing.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what was found: libtorch, versions, devices, instruction sets.")

    func run() throws {
        line("native library", NativeLibrary.path)
        line("instruction sets", instructionSets())
        line("processors", "\(ProcessInfo.processInfo.activeProcessorCount)")
        do {
            try NativeLibrary.open()
        } catch {
            line("libtorch", "missing")
            throw error
        }
        do {
            try MediaLibrary.open()
            line("images and audio", MediaLibrary.path)
        } catch {
            line("images and audio", "missing: \(error.localizedDescription)")
        }
        line("libtorch", try Runtime.torchVersion())
        if let place = libtorchPath() { line("libtorch from", place) }
        line("libtorch uses", try Runtime.cpuCapability())
        line("threads", "\(try Runtime.threadCount())")
        let count = try Device.count(of: .cuda)
        line("CUDA devices", "\(count)")
        for index in 0..<count {
            line("  cuda:\(index)", (try? Device(.cuda, index: index).name()) ?? "unnamed")
        }
    }

    private func line(_ name: String, _ value: String) {
        print(name.padding(toLength: 18, withPad: " ", startingAt: 0) + value)
    }

    /// A file that the kernel makes as it is read, and whose size it does not tell.
    private func systemText(_ path: String) -> String {
        let handle = FileHandle(forReadingAtPath: path)
        var content = Data()
        while let piece = try? handle?.read(upToCount: 1 << 16), !piece.isEmpty { content += piece }
        return String(decoding: content, as: UTF8.self)
    }

    /// Those of the processor that matter for matrix products.
    private func instructionSets() -> String {
        let interesting = [
            "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_bf16", "amx_int8",
            "asimd", "asimddp", "bf16", "i8mm", "sve",
        ]
        let text = systemText("/proc/cpuinfo")
        let line = text.split(separator: "\n").first { $0.hasPrefix("flags") || $0.hasPrefix("Features") }
        let flags = Set((line ?? "").split(separator: " ").map(String.init))
        let found = interesting.filter(flags.contains)
        return found.isEmpty ? "unknown" : found.joined(separator: " ")
    }

    /// The folder that the loaded libtorch lies in, by the process's own map.
    private func libtorchPath() -> String? {
        let maps = systemText("/proc/self/maps")
        let line = maps.split(separator: "\n").first { $0.hasSuffix("/libtorch_cpu.so") }
        return line?.split(separator: " ").last.map {
            URL(fileURLWithPath: String($0)).deletingLastPathComponent().path
        }
    }
}
