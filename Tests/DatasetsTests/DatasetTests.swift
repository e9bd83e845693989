import Testing

@testable import Datasets

@Suite struct DatasetTests {
    @Test func batchesInOrderCoverAll() {
        #expect(Numbers(count: 5).batchesInOrder(size: 2) == [[0, 1], [2, 3], [4]])
        #expect(Numbers(count: 0).batchesInOrder(size: 2) == [])
    }

    @Test(arguments: [nil, (0..<103).map { $0 % 7 }]) func seedAndEpochDecideTheOrder(lengths: [Int]?) {
        let data = Numbers(count: 103, lengths: lengths)
        let first = data.shuffledBatches(size: 4, seed: 3, epoch: 1)
        #expect(first == data.shuffledBatches(size: 4, seed: 3, epoch: 1))
        #expect(first != data.shuffledBatches(size: 4, seed: 3, epoch: 2))
        #expect(first != data.shuffledBatches(size: 4, seed: 4, epoch: 1))
        #expect(first != data.shuffledBatches(size: 4, seed: 3, epoch: -1))
    }

    @Test(arguments: [nil, (0..<103).map { $0 % 7 }]) func eachSampleComesAtMostOnce(lengths: [Int]?) {
        for epoch in 0..<4 {
            let batches = Numbers(count: 103, lengths: lengths).shuffledBatches(
                size: 4, seed: 3, epoch: epoch)
            #expect(batches.count == 25 && batches.allSatisfy { $0.count == 4 })
            let seen = Set(batches.joined())
            #expect(seen.count == 100 && seen.isSubset(of: 0..<103))
        }
    }

    /// Over some epochs no sample is always in the part that is left out.
    @Test func everySampleHasItsTurn() {
        let data = Numbers(count: 10)
        let seen = Set((0..<20).flatMap { data.shuffledBatches(size: 4, seed: 1, epoch: $0).joined() })
        #expect(seen.count == 10)
    }

    @Test func partialBatchesAreLeftOutUnlessTheyAreAll() {
        #expect(Numbers(count: 7).shuffledBatches(size: 4, seed: 0, epoch: 0).map(\.count) == [4])
        #expect(Numbers(count: 8).shuffledBatches(size: 4, seed: 0, epoch: 0).map(\.count) == [4, 4])
        #expect(
            Numbers(count: 3).shuffledBatches(size: 4, seed: 0, epoch: 0).map { $0.sorted() } == [[0, 1, 2]])
        #expect(Numbers(count: 0).shuffledBatches(size: 4, seed: 0, epoch: 0) == [])
        #expect(Numbers(count: 0, lengths: []).shuffledBatches(size: 4, seed: 0, epoch: 0) == [])
        let whole = Numbers(count: 2, lengths: [9, 4]).shuffledBatches(size: .max, seed: 0, epoch: 0)
        #expect(whole == [[1, 0]])
    }

    @Test func batchesByLengthGoFromTheShortestToTheLongest() {
        let numbers = Numbers(count: 5, lengths: [3, 1, 2, 1, 3])
        #expect(numbers.batchesByLength(size: 2) == [[1, 3], [2, 0], [4]])
        #expect(Numbers(count: 3).batchesByLength(size: 2) == [[0, 1], [2]])
        #expect(Numbers(count: 0, lengths: []).batchesByLength(size: 2) == [])
    }

    @Test func likeLengthsShareABatch() {
        let lengths = (0..<256).map { $0 * 37 % 64 }
        let batches = Numbers(count: 256, lengths: lengths).shuffledBatches(size: 8, seed: 5, epoch: 0)
        let spreads = batches.map { batch in
            let found = batch.map { lengths[$0] }
            return (found.max() ?? 0) - (found.min() ?? 0)
        }
        // 256 samples are one stretch: sorted, four of each of the 64 lengths.
        #expect(spreads.allSatisfy { $0 == 1 })
        // Yet short and long batches come in random order.
        let means = batches.map { batch in batch.reduce(0) { $0 + lengths[$1] } }
        #expect(means != means.sorted())
    }

    @Test func firstSamplesAreAPrefix() throws {
        let data = SampleSubset(Numbers(count: 5, lengths: [1, 2, 3, 4, 5]), first: 3)
        #expect(data.count == 3 && data.lengths == [1, 2, 3] && data.classNames == ["zero"])
        #expect(data.batchesInOrder(size: 2) == [[0, 1], [2]])
        #expect(SampleSubset(Numbers(count: 5), first: 9).count == 5)
        #expect(SampleSubset(Numbers(count: 5), first: 9).lengths == nil)
    }
}

@Suite struct SplitMix64Tests {
    /// The published algorithm's sequence for this seed.
    @Test func referenceValues() {
        var generator = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<5).map { _ in generator.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func unitsLieBelowOne() {
        var generator = SplitMix64(seed: 1)
        let units = (0..<1000).map { _ in generator.unit() }
        #expect(units.allSatisfy { (0..<1).contains($0) })
        #expect(abs(units.reduce(0, +) / 1000 - 0.5) < 0.05)
    }
}
