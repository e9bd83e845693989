import Foundation
import Testing
import Torch

@testable import Datasets

@Suite struct BadSamplesTests {
    struct Broken: LocalizedError {
        let errorDescription: String?
    }

    @Test func theFirstOneStops() throws {
        let samples = BadSamples()
        #expect(try samples.keep("a.jpg") { 5 } == 5)
        #expect(throws: DatasetError.sample(place: "a.jpg", "is broken")) {
            try samples.keep("a.jpg") { throw Broken(errorDescription: "is broken.") }
        }
        #expect(DatasetError.sample(place: "a.jpg", "is broken").localizedDescription == "a.jpg: is broken.")
        // A reason that names the place needs no second naming.
        #expect(
            DatasetError.sample(place: "a.jpg", "cannot read a.jpg: gone").localizedDescription
                == "cannot read a.jpg: gone.")
        #expect(samples.entries.isEmpty)
    }

    @Test func theyAreNotedOnceAndInOrder() throws {
        let samples = BadSamples(areSkipped: true)
        for place in ["b.jpg", "a.jpg", "b.jpg"] {
            let value: Int? = try samples.keep(place) { throw DatasetError.reason("no image") }
            #expect(value == nil)
        }
        #expect(samples.entries.map(\.place) == ["a.jpg", "b.jpg"])
        #expect(samples.entries.map(\.reason) == ["no image", "no image"])
    }

    @Test func whatIsNotTheirFaultIsThrown() throws {
        let samples = BadSamples(areSkipped: true)
        #expect(throws: TorchError.outOfMemory("x")) {
            try samples.keep("a.jpg") { throw TorchError.outOfMemory("x") }
        }
        #expect(samples.entries.isEmpty)
    }
}
