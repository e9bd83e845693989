import Foundation
import Testing
import Torch

@testable import Transformers

@Suite struct SpanMaskingTests {
    /// A small generator with a seed.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9 ^ (state >> 17)
        }
    }

    struct Case: Decodable {
        let probability: Double
        let length: Int
        let minimum: Int
        let lengths: [Int]
        let masked: [Double]
        let first: [Double]
    }

    /// The distribution is that of transformers: how much is hidden on average, and how often the first.
    @Test func drawsAsTransformersDoes() throws {
        let file = Goldens.folder.appendingPathComponent("ctc/masks.json")
        var generator = Generator(state: 5)
        for wanted in try JSONDecoder().decode([Case].self, from: Data(contentsOf: file)) {
            let spans = SpanMasking.Spans(
                probability: wanted.probability, length: wanted.length, minimumCount: wanted.minimum)
            let (draws, count) = (3000, wanted.lengths[0])
            var (hidden, first) = (wanted.lengths.map { _ in 0 }, wanted.lengths.map { _ in 0 })
            for _ in 0..<draws {
                let drawn = try spans.draw(lengths: wanted.lengths, count: count, using: &generator)
                for (row, length) in wanted.lengths.enumerated() {
                    let cells = drawn[row * count..<(row + 1) * count]
                    #expect(!cells.dropFirst(length).contains(true))
                    hidden[row] += cells.count { $0 }
                    first[row] += cells.first == true ? 1 : 0
                }
            }
            for row in wanted.lengths.indices {
                let share = Double(hidden[row]) / Double(draws * wanted.lengths[row])
                #expect(abs(share - wanted.masked[row]) < 0.01, "\(wanted) \(share)")
                let start = Double(first[row]) / Double(draws)
                #expect(abs(start - wanted.first[row]) < 0.03, "\(wanted) \(start)")
            }
        }
    }

    @Test func seedsDecide() throws {
        let spans = SpanMasking.Spans(probability: 0.3, length: 4, minimumCount: 0)
        func draw(_ seed: UInt64) throws -> [Bool] {
            var generator = Generator(state: seed)
            return try spans.draw(lengths: [50, 30], count: 50, using: &generator)
        }
        #expect(try draw(1) == draw(1))
        #expect(try draw(1) != draw(2))
    }

    @Test func shortSamplesHideNothingOrAreRefused() throws {
        var generator = Generator(state: 3)
        let spans = SpanMasking.Spans(probability: 1, length: 5, minimumCount: 2)
        let hidden = try spans.draw(lengths: [20, 4], count: 20, using: &generator)
        #expect(hidden.prefix(20).contains(true) && !hidden.dropFirst(20).contains(true))
        let error = #expect(throws: ModelError.self) {
            try spans.draw(lengths: [4], count: 4, using: &generator)
        }
        #expect(error?.localizedDescription.contains("Spans of 5 cannot be hidden") == true)
    }

    @Test func modelsHideWhatTheirConfigurationSays() throws {
        let folder = try Goldens.copy(
            "wav2vec2_masked", configuration: ["mask_time_length": 2, "mask_feature_length": 3])
        let model = try #require(try ModelFolder.load(folder.url) as? Wav2Vec2Model)
        var inputs = ModelInputs(try Goldens.tensors("wav2vec2_masked", "inputs"))
        inputs.tensors["mask_time_indices"] = nil
        var generator = Generator(state: 9)
        let hidden = try model.hidingSpans(of: inputs, using: &generator)
        #expect(hidden["mask_time_indices"]?.shape == [3, 16])
        #expect(hidden["mask_feature_indices"]?.shape == [3, 36])
        let plain = try model.run(inputs.tensors).required("last_hidden_state")
        let masked = try model.run(hidden.tensors).required("last_hidden_state")
        #expect(try largestError(masked, plain) > 1e-3)
    }

    /// A hidden channel is zero in every frame that goes into the blocks.
    @Test func hiddenChannelsAreZero() throws {
        let model = try #require(try Goldens.model("wav2vec2") as? Wav2Vec2Model)
        let samples = try Tensor.normal([1, 60])
        let none = try Tensor(Array(repeating: true, count: 36), shape: [1, 36])
        let hidden = try model.run(["input_values": samples, "mask_feature_indices": none])
        let other = try model.run([
            "input_values": samples * 3 + 1, "mask_feature_indices": none,
        ])
        #expect(
            try hidden.required("last_hidden_state").equals(other.required("last_hidden_state")).allTrue())
    }

    /// Rows of a larger batch get the spans that they get in it.
    @Test func rowsOfABatchHideWhatTheyHideInIt() throws {
        let folder = try Goldens.copy(
            "wav2vec2_masked", configuration: ["mask_time_length": 2, "mask_feature_length": 3])
        let model = try #require(try ModelFolder.load(folder.url) as? Wav2Vec2Model)
        var inputs = ModelInputs(try Goldens.tensors("wav2vec2_masked", "inputs"))
        inputs.tensors["mask_time_indices"] = nil
        let counts = try model.sampleCounts(inputs)
        var generator = Generator(state: 9)
        let whole = try model.hidingSpans(of: inputs, using: &generator)
        for places in [[1], [1, 0]] {
            let rows = try Tensor(places)
            let part = ModelInputs(try inputs.tensors.mapValues { try $0.entries(rows) })
            generator = Generator(state: 9)
            let hidden = try model.hidingSpans(of: part, among: (counts, places), using: &generator)
            for name in ["mask_time_indices", "mask_feature_indices"] {
                #expect(
                    try hidden.required(name).equals(whole.required(name).entries(rows)).allTrue(), "\(name)")
            }
        }
    }

    @Test func configurationsWithoutMaskingHideNothing() throws {
        for changes in [
            ["apply_spec_augment": false], ["mask_time_prob": 0.0],
        ] as [[String: JSONValue]] {
            let reader = try JSONObjectReader(.object(object(changes)), source: "config.json")
            let masking = try SpanMasking(reader)
            #expect(masking.frames == nil && masking.channels == nil)
        }
        let reader = try JSONObjectReader(["mask_time_length": 0], source: "config.json")
        #expect(throws: JSONError.self) { try SpanMasking(reader) }
    }

    private func object(_ members: [String: JSONValue]) -> JSONObject {
        var object = JSONObject()
        for (key, value) in members { object[key] = value }
        return object
    }
}
