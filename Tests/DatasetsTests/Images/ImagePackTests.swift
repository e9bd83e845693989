import Foundation
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct ImagePackTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for number in 0..<40 {
            try folder.put(
                "data/\(number % 2 == 0 ? "cat" : "dog")/\(number).png", picture(number, height: 6, width: 9))
        }
    }

    func pack(_ badSamples: BadSamples = BadSamples(), workers: Int = 3) throws -> Int {
        try ImagePack.write(
            ImageFolder.files(folder["data"]), to: folder["out.safetensors"], size: 4, badSamples: badSamples,
            options: LoadingOptions(workers: workers))
    }

    @Test func imagesAndLabelsComeBack() throws {
        #expect(try pack() == 40)
        let data = try ImageTensorDataset(
            folder["out.safetensors"], mean: [0, 0, 0], deviation: [1, 1, 1])
        #expect(data.count == 40 && data.classNames == ["cat", "dog"])
        let files = try ImageFolder.files(folder["data"])
        let batch = try data.batch([0, 25])
        #expect(try #require(batch.labels).array(of: Int.self) == [0, 1])
        let means = try batch.inputs.required("pixel_values").mean(axes: [1, 2, 3]).array(of: Double.self)
        for (mean, index) in zip(means, [0, 25]) {
            let level = Double(files.names[index].split(separator: "/")[1].prefix { $0 != "." }) ?? -1
            #expect(abs(mean - level / 255) < 1e-6)
        }
        #expect(try folder.contents() == ["data", "out.safetensors"])
    }

    @Test func whatCannotBeReadIsLeftOutOrStops() throws {
        try folder.put("data/cat/broken.png", Data("no image".utf8))
        #expect(throws: DatasetError.self) { try pack() }
        #expect(try folder.contents() == ["data"])
        let badSamples = BadSamples(areSkipped: true)
        #expect(try pack(badSamples) == 40 && badSamples.entries.count == 1)
        let labels = try SafetensorsFile(folder["out.safetensors"]).tensor("labels").array(of: Int.self)
        #expect(labels == Array(repeating: 0, count: 20) + Array(repeating: 1, count: 20))
    }
}
