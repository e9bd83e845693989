import Datasets
import Testing

@Suite struct HashSplitTests {
    let names = (0..<4000).map { "animals/\($0).png" }

    /// FNV-1a of "foobar" is 0x85944171f73967e8; one step of SplitMix64 from there, by hand.
    @Test func placesAreTheSameEverywhere() {
        var generator = SplitMix64(seed: 0x8594_4171_F739_67E8)
        #expect(HashSplit.place(of: "foobar") == generator.unit())
        #expect(HashSplit.place(of: "foobar") != HashSplit.place(of: "foobaz"))
    }

    @Test func placesAreEven() {
        for salt in [0, 1] as [UInt64] {
            let places = names.map { HashSplit.place(of: $0, salt: salt) }
            #expect(places.allSatisfy { (0..<1).contains($0) })
            for edge in [0.1, 0.5, 0.8] {
                let share = Double(places.count { $0 < edge }) / 4000
                #expect(abs(share - edge) < 0.03, "\(salt) \(edge) \(share)")
            }
        }
    }

    /// Choosing samples says nothing about the side of a split on which they are.
    @Test func samplesAreIndependentOfSplits() {
        let chosen = HashSplit.sample(names, count: 1000)
        #expect(chosen.count == 1000 && Set(chosen).count == 1000 && chosen == chosen.sorted())
        let share = Double(chosen.count { HashSplit.place(of: names[$0]) < 0.2 }) / 1000
        #expect(abs(share - 0.2) < 0.04)
    }

    /// A smaller sample is part of a larger one, and of one among more names.
    @Test func samplesLast() {
        let more = names + (0..<100).map { "plants/\($0).png" }
        let few = Set(HashSplit.sample(names, count: 200))
        #expect(few.isSubset(of: HashSplit.sample(names, count: 300)))
        #expect(few.isSubset(of: HashSplit.sample(more, count: 300)))
        #expect(HashSplit.sample(names, count: 5000) == Array(names.indices))
    }
}
