import Foundation
import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

/// Learners cut out of the dense modules of tiny models, before any training.
@Suite struct TeacherDerivedTests {
    /// One of each family that has slots.
    static let families = ["bert", "vit", "dinov2", "wav2vec2_ctc", "wavlm", "whisper"]

    func golden(_ name: String) throws -> (dense: any TransformerModel, inputs: ModelInputs) {
        let folder = goldens.appendingPathComponent(name)
        let tensors = try SafetensorsFile(folder.appendingPathComponent("inputs.safetensors")).tensors()
        return (try ModelFolder.load(folder), ModelInputs(tensors))
    }

    func converted(
        _ name: String, _ learnerCount: Int = 4
    ) throws -> (model: AdaptiveModel, dense: any TransformerModel, inputs: ModelInputs) {
        try Runtime.seed(3)
        let (dense, inputs) = try golden(name)
        let model = try AdaptiveModel.convert(
            dense, SurgeryOptions(kinds: SlotKind.allCases, learnerCount: learnerCount), calibration: [inputs]
        )
        return (model, dense, inputs)
    }

    func ladders(_ name: String, _ learnerCount: Int = 4) throws -> [ModuleLadder] {
        let (model, dense, inputs) = try converted(name, learnerCount)
        let meter = LadderMeter(model, dense: dense)
        try meter.add(inputs)
        return try meter.ladders()
    }

    /// On the data that the learners were fitted to: no learner leaves the mean, each one lessens the
    /// error, and all leave next to none of a feed-forward's.
    @Test(arguments: families) func everyLearnerLessensTheError(name: String) throws {
        let ladders = try ladders(name)
        #expect(!ladders.isEmpty)
        for ladder in ladders {
            #expect(abs(ladder.errors[0] - 1) < 1e-4, "\(ladder)")
            for (fewer, more) in zip(ladder.errors, ladder.errors.dropFirst()) {
                #expect(more <= fewer + 1e-6, "\(ladder)")
            }
            #expect(ladder.errors[4] < (ladder.place.kind == .feedForward ? 0.01 : 0.9), "\(ladder)")
        }
    }

    /// Numbers of learners that do and do not divide the hidden widths, down to learners of one neuron.
    @Test(arguments: [1, 2, 5, 26, 52]) func anyNumberOfLearners(learnerCount: Int) throws {
        let ladders = try ladders("bert", learnerCount).filter { $0.place.kind == .feedForward }
        #expect(ladders.count == 3)
        for ladder in ladders {
            #expect(ladder.errors.count == learnerCount + 1)
            #expect(ladder.errors[learnerCount] < 0.05, "\(ladder)")
            // A learner of one neuron has no place for a constant: without any, less than the mean is left.
            if learnerCount < 52 { #expect(abs(ladder.errors[0] - 1) < 1e-4, "\(ladder)") }
        }
    }

    /// Whatever the number of learners, the mean output is the dense module's.
    @Test(arguments: families) func theMeanIsKept(name: String) throws {
        let (model, dense, inputs) = try converted(name)
        let modules = Dictionary(uniqueKeysWithValues: model.modules.map { ($0.place, $0.module) })
        let pass = ForwardPass()
        var seen = 0
        pass.observe = { pass, place, input, output in
            guard let module = modules[place] else { return }
            let wanted = try pass.realRows(of: output, at: place).to(nil, .float64)
            let found = try module.learners.prefixes(pass.realRows(of: input, at: place)).to(nil, .float64)
            let scale = try wanted.absolute().maximum().item(Double.self)
            let difference = try (found.mean(axis: 1) - wanted.mean(axis: 0)).absolute().maximum()
            #expect(try difference.item(Double.self) < 1e-4 * max(scale, 1), "\(place)")
            seen += 1
        }
        _ = try withoutGradients { try dense(inputs, pass) }
        #expect(seen == modules.count)
    }

    /// What a projection loses with k learners is the energy of the output's later principal axes.
    @Test func projectionsLoseTheLastPrincipalAxes() throws {
        let (dense, inputs) = try golden("vit")
        let place = SlotPlace(block: 1, kind: .value)
        let linear = try #require(dense.slot(at: place) as? Linear)
        let statistics = SlotStatistics(dense, places: [place])
        try statistics.add(inputs)
        let weight = try linear.weight.to(nil, .float64)
        let spread = try weight.matmul(statistics.moments(at: place).covariance)
            .matmul(weight.transposed(0, 1))
        let energies = try spread.symmetricEigenvalues().values.flipped(0).array(of: Double.self)
        let ladder = try #require(try ladders("vit").first { $0.place == place })
        let width = 5  // (36 · 36 + 36) / (36 + 36 + 1) / 4
        for count in 0...4 {
            let wanted = energies.dropFirst(count * width).reduce(0, +) / energies.reduce(0, +)
            #expect(abs(ladder.errors[count] - wanted) < 1e-4, "\(count)")
        }
    }

    /// Two neurons that matter, two copies of them, four that never change: one learner of the first two and a
    /// constant is the whole module.
    @Test func copiesAndConstantsCostNothing() throws {
        try Runtime.seed(6)
        var (dense, inputs) = try golden("bert")
        let place = SlotPlace(block: 0, kind: .feedForward)
        let feedForward = try FeedForward(width: 36, hiddenWidth: 9, activation: .gelu)
        try feedForward.up.reset()
        try feedForward.down.reset()
        try withoutGradients {
            let up = feedForward.up.weight
            try up.slice(2..<4, axis: 0).copyInPlace(from: up.slice(0..<2, axis: 0))
            try up.slice(4..<9, axis: 0).fillInPlace(0)
            let bias = try #require(feedForward.up.bias)
            try bias.slice(2..<4, axis: 0).copyInPlace(from: bias.slice(0..<2, axis: 0))
        }
        try dense.replaceSlot(at: place, with: feedForward)
        let model = try AdaptiveModel.convert(
            dense, SurgeryOptions(places: [place], learnerCount: 3),
            calibration: Array(repeating: inputs, count: 50))
        #expect(model.modules.map(\.place) == [place] && model.modules[0].module.learners.learnerWidth == 3)
        let meter = LadderMeter(model, dense: dense)
        try meter.add(inputs)
        let errors = try meter.ladders()[0].errors
        #expect(abs(errors[0] - 1) < 1e-4 && errors.dropFirst().allSatisfy { $0 < 1e-3 }, "\(errors)")
    }

    /// In groups of one place each, which take a pass of the data each.
    @Test func groupsHoldEveryPlaceOnce() throws {
        let (dense, _) = try golden("bert")
        let places = dense.slotPlaces
        let one = SlotStatistics.groups(places, of: dense, bytes: 1)
        #expect(one.map(\.count) == Array(repeating: 1, count: places.count))
        // The four projections of a block take 4 · 36² numbers, its feed-forward 52².
        let several = SlotStatistics.groups(places, of: dense, bytes: 8 * (4 * 36 * 36 + 52 * 52))
        #expect(several.map(\.count) == [5, 5, 5] && several.flatMap { $0 } == places)
    }

    @Test func dataThatIsNoneIsRefused() throws {
        let (dense, inputs) = try golden("vit")
        #expect(throws: ModelError.self) {
            try AdaptiveModel.convert(dense, SurgeryOptions(), calibration: [])
        }
        let broken = try inputs.required("pixel_values").clone()
        try broken.select(0, axis: 0).fillInPlace(.nan)
        let error = #expect(throws: ModelError.self) {
            try AdaptiveModel.convert(
                dense, SurgeryOptions(), calibration: [ModelInputs(["pixel_values": broken])])
        }
        #expect(error?.localizedDescription.contains("blocks.0.feedForward sees numbers") == true)
    }
}
