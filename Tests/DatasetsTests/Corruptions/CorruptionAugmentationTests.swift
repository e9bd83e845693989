import Testing
import Torch

@testable import Datasets

@Suite struct CorruptionAugmentationTests {
    func images(_ count: Int) throws -> Tensor {
        var streams = try RandomStreams(seeds: [3], device: .cpu)
        return try (streams.uniform([count, 3, 32, 40]) * 256).to(nil, .uint8).squeezed(0)
    }

    @Test func eachImageHasItsOwnDraws() throws {
        let augmentation = try Corruption.Augmentation()
        let images = try images(12)
        let seeds = (0..<12).map { UInt64($0) }
        let together = try augmentation(images, seeds: seeds)
        #expect(together.shape == images.shape && together.dataType == .uint8)
        for index in [0, 5, 11] {
            let one = try images.slice(index..<index + 1, axis: 0)
            let alone = try augmentation(one, seeds: [seeds[index]]).to(nil, .float32)
            let found = try together.slice(index..<index + 1, axis: 0).to(nil, .float32)
            #expect(try (found - alone).absolute().mean().item(Double.self) < 0.01)
            #expect(try (found - one.to(nil, .float32)).absolute().mean().item(Double.self) > 1)
        }
    }

    @Test func onlyWhatWasAskedForIsDrawn() throws {
        let images = try images(6)
        let seeds = (0..<6).map { UInt64($0) }
        let found = try Corruption.Augmentation([.contrast], severities: 2...2)(images, seeds: seeds)
        let wanted = try Corruption.contrast.apply(images, severity: 2, seeds: seeds)
        #expect(try found.equals(wanted).allTrue())
        #expect(try Corruption.Augmentation(probability: 0)(images, seeds: seeds).equals(images).allTrue())
        let half = try Corruption.Augmentation([.contrast], probability: 0.5)(
            images.entries(Tensor((0..<600).map { $0 % 6 })), seeds: (0..<600).map { UInt64($0) })
        let kept = try half.equals(images.entries(Tensor((0..<600).map { $0 % 6 })))
            .flattened(from: 1).to(nil, .int64).minimum(axes: [1]).sum().item(Int.self)
        #expect((250...350).contains(kept))
    }

    @Test func wrongOptionsAreRefused() throws {
        func refusal(_ body: () throws -> Void) throws -> String {
            try #require(throws: DatasetError.self, performing: body).localizedDescription
        }
        #expect(try refusal { _ = try Corruption.Augmentation([]) }.contains("at least one corruption"))
        #expect(
            try refusal { _ = try Corruption.Augmentation(severities: 0...3) }.contains("1 to 5, found 0...3")
        )
        #expect(try refusal { _ = try Corruption.Augmentation(probability: 1.5) }.contains("found 1.5"))
        let images = try images(2)
        #expect(
            try refusal { _ = try Corruption.Augmentation()(images, seeds: [1]) }.contains("found 1 for 2"))
    }
}
