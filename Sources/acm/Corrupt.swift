import ArgumentParser
import Datasets
import Foundation
import Torch

/// Corrupted copies of a folder of images.
struct Corrupt: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes corrupted copies of images in the layout of ImageNet-C.",
        discussion: """
            The fifteen corruptions, at severities from 1 to 5: \
            \(Corruption.allCases.map(\.rawValue).joined(separator: ", ")). Images become squares of one size \
            first; the files are OUTPUT/corruption/severity/class/name.
            """)

    @Argument(help: "A folder with a folder of images for each class.")
    var data: String

    @Option(help: "Names of corruptions, with commas between, or all.")
    var corruptions = "all"

    @Option(help: "Severities, with commas between.")
    var severities = "1,2,3,4,5"

    @Option(help: "Folder to write to.")
    var output: String

    @Option(help: "Height and width of what is written; the shorter side is brought to 8/7 of it before.")
    var size = 224

    @Option(help: "jpeg, of quality 85 as ImageNet-C's files, or png.")
    var format = CorruptedImageWriter.Format.jpeg

    @Option(help: "Decides all that is drawn at random.")
    var seed: UInt64 = 0

    @Option(help: "cpu, cuda or cuda:N.")
    var device = "cpu"

    @Option(help: "Threads within one operation; 0 leaves libtorch's choice.")
    var threads = 0

    @Flag(help: "Leave images out that cannot be read, and list them at the end.")
    var skipBad = false

    func validate() throws {
        _ = try CorruptionChoice.corruptions(corruptions)
        _ = try CorruptionChoice.severities(severities)
        guard (Corruption.smallestSize...4096).contains(size) else {
            throw ValidationError("--size must lie in \(Corruption.smallestSize)...4096, found \(size)")
        }
        guard Device(device) != nil else {
            throw ValidationError("--device must be cpu, cuda or cuda:N, found \"\(device)\"")
        }
        try checkThreads(threads)
        let (source, target) = (OutputFile.resolved(data), OutputFile.resolved(output))
        guard target != source, !target.hasPrefix("\(source)/") else {
            throw ValidationError(
                "--output must lie outside of the images, found \"\(output)\" in \"\(data)\"")
        }
    }

    func run() throws {
        let badSamples = BadSamples(areSkipped: skipBad)
        defer { badSamples.list() }
        let corruptions = try CorruptionChoice.corruptions(corruptions)
        let severities = try CorruptionChoice.severities(severities)
        let device = Device(self.device) ?? .cpu
        try device.requireAvailable()
        if threads > 0 { try Runtime.setThreadCount(threads) }
        let images = try ImageFolder.files(URL(fileURLWithPath: data), badSamples: badSamples)
        let writer = try CorruptedImageWriter(
            images, to: URL(fileURLWithPath: output), size: size, format: format)
        let progress = CountProgress("files", of: writer.fileCount(corruptions, severities: severities))
        let seconds = try writer.write(
            corruptions, severities: severities, seed: seed, device: device, badSamples: badSamples,
            progress: progress.show)
        progress.finish()
        for corruption in corruptions {
            let name = corruption.rawValue.padding(toLength: 18, withPad: " ", startingAt: 0)
            print(name, String(format: "%7.2f ms an image", 1000 * (seconds[corruption] ?? 0)))
        }
    }
}

extension CorruptedImageWriter.Format: ExpressibleByArgument {}
