import Dispatch
import Foundation
import Preprocessing
import Torch

/// Decodes, resizes and crops the JPEGs of a folder on some threads, and prints what it took.
///
///     media-benchmark FOLDER [threads] [passes]
///
/// Prints one line of JSON: images, seconds on the wall, and seconds of all processors.
@main
struct MediaBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let folder = arguments.first else {
            throw PreprocessingError.invalidArgument(
                operation: "media-benchmark", expected: "a folder of images", found: "none")
        }
        let numbers = arguments.dropFirst().compactMap(Int.init)
        let threadCount = numbers.first ?? 2
        let passCount = numbers.dropFirst().first ?? 1
        let files = try FileManager.default.contentsOfDirectory(
            at: URL(fileURLWithPath: folder), includingPropertiesForKeys: nil)
        // As torchvision's usual evaluation: the shorter side to 256, the middle 224.
        let processor = try ImageProcessor(
            ImageProcessorConfiguration(
                resizing: .shortestSide(256), interpolation: .bilinear,
                cropSize: .init(height: 224, width: 224)))
        Runtime.keepFreedMemory()
        try Runtime.setThreadCount(1)
        _ = try processor.resized(ImageDecoder.decode(files[0]))  // loads what is to be loaded

        let started = ContinuousClock.now
        let startedClock = clock()
        DispatchQueue.concurrentPerform(iterations: threadCount) { thread in
            for pass in 0..<passCount {
                for index in stride(from: thread, to: files.count, by: threadCount) {
                    do {
                        _ = try processor.resized(ImageDecoder.decode(files[index])).contiguous()
                    } catch {
                        print("pass \(pass): \(error.localizedDescription)")
                    }
                }
            }
        }
        let elapsed = ContinuousClock.now - started
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        let processorSeconds = Double(clock() - startedClock) / Double(CLOCKS_PER_SEC)
        print(
            "{\"images\": \(files.count * passCount), \"seconds\": \(seconds), "
                + "\"processor_seconds\": \(processorSeconds)}")
    }
}
