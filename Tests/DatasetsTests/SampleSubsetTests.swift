import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Datasets

/// The numbers of its samples, as inputs.
private struct NumberedSamples: Dataset {
    var count = 10
    let classNames: [String]? = ["even", "odd"]
    var lengths: [Int]? { (0..<count).map { 100 - $0 } }
    func place(of index: Int) -> String? { "sample \(index)" }

    func batch(_ indices: [Int]) throws -> Batch {
        Batch(
            inputs: ModelInputs(["numbers": try Tensor(indices)]), labels: try Tensor(indices.map { $0 % 2 }))
    }
}

@Suite struct SampleSubsetTests {
    @Test func samplesAreThoseOfTheBase() throws {
        let subset = SampleSubset(NumberedSamples(), numbers: [7, 2, 9])
        #expect(subset.count == 3 && subset.numbers == [2, 7, 9] && subset.lengths == [98, 93, 91])
        #expect(subset.place(of: 1) == "sample 7" && subset.classNames == ["even", "odd"])
        #expect(try subset.batch([2, 0]).inputs.required("numbers").array(of: Int.self) == [9, 2])
        let loaded = try subset.load([1], Epoch(seed: 0, number: 0))
        #expect(loaded.indices == [7])
        var generator = SplitMix64(seed: 1)
        #expect(subset.order(&generator).sorted() == [0, 1, 2])
        #expect(subset.fingerprint != SampleSubset(NumberedSamples(), numbers: [2, 7, 8]).fingerprint)
    }

    @Test func imagesOfASubsetAreAugmentedAsThoseOfTheBase() throws {
        let folder = try TemporaryFolder()
        let images = try Tensor.empty([4, 3, 16, 16]).fillUniformInPlace(0..<255).to(nil, .uint8)
        try SafetensorsWriter.write([("images", images)], to: folder["images.safetensors"])
        let base = try ImageTensorDataset(
            folder["images.safetensors"], mean: [0, 0, 0], deviation: [1, 1, 1])
        let epoch = Epoch(seed: 3, number: 1)
        func pixels(_ dataset: any Dataset, _ index: Int) throws -> Tensor {
            try dataset.finish(dataset.load([index], epoch), epoch).inputs.required("pixel_values")
        }
        let options = AugmentationOptions(enabled: true)
        let found = try pixels(SampleSubset(base, numbers: [1, 3]).augmented(options, mixes: false), 1)
        #expect(try largestDifference(found, pixels(base.augmented(options, mixes: false), 3)) == 0)
        #expect(try largestDifference(found, pixels(base, 3)) > 0.01)
    }

    /// A sample keeps its side when others come.
    @Test func partsAreLasting() throws {
        let (kept, heldOut) = HashSplit.part(NumberedSamples(count: 1000), share: 0.2)
        #expect((150...250).contains(heldOut.count))
        #expect(Set(kept.numbers).union(heldOut.numbers).count == 1000)
        let more = HashSplit.part(NumberedSamples(count: 2000), share: 0.2).heldOut
        #expect(more.numbers.filter { $0 < 1000 } == heldOut.numbers)
        let wider = HashSplit.part(NumberedSamples(count: 1000), share: 0.4).heldOut
        #expect(Set(heldOut.numbers).isSubset(of: wider.numbers))
        let other = HashSplit.part(NumberedSamples(count: 1000), share: 0.2, salt: 9).heldOut
        #expect(other.numbers != heldOut.numbers)
    }

    @Test func batchesAreCutIntoParts() throws {
        let batch = try NumberedSamples().batch([3, 1, 4, 1, 5])
        #expect(batch.sampleCount == 5)
        let parts = try batch.parts(of: 2)
        #expect(
            try parts.map { try $0.inputs.required("numbers").array(of: Int.self) } == [
                [3, 1], [4, 1], [5],
            ])
        #expect(try parts.map { try $0.labels?.array(of: Int.self) } == [[1, 1], [0, 1], [1]])
        for size in [0, 5, 6] { #expect(try batch.parts(of: size).count == 1) }
    }
}
