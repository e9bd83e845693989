import AdaptiveComputation
import Foundation
import Testing
import Torch
import Transformers

@testable import Conversion

/// The losses on cases small enough to work out by hand.
@Suite struct LossTests {
    func value(_ tensor: Tensor) throws -> Double { try tensor.item() }

    /// One input of 1, learners that give 1, 2 and 4, a target of 3: the prefixes 1, 3, 7 are off
    /// by 2, 0 and 4.
    @Test(arguments: [false, true]) func distillationIsTheMeanOverPrefixes(greedy: Bool) throws {
        let learners = try Learners(
            inputWidth: 1, outputWidth: 1, count: 3, learnerWidth: 1, activation: .identity)
        try learners.w1.fillInPlace(1)
        try learners.b1.fillInPlace(0)
        try learners.w2.copyInPlace(from: Tensor([1, 2, 4] as [Float], shape: [1, 3]))
        try learners.bias.fillInPlace(0)
        try learners.setRequiresGradient(true)
        let loss = try ConversionLoss.distillation(
            learners, input: .ones([1, 1]), target: .full([1, 1], 3), greedy: greedy)
        #expect(abs(try value(loss) - (4 + 0 + 16) / 3.0) < 1e-5)
        try loss.backward()
        // d/dw2_1: jointly 2·(-2 + 0 + 4)/3; greedily only its own prefix, 2·(-2)/3.
        let gradient = try #require(try learners.w2.gradient).array(of: Double.self)
        #expect(abs(gradient[0] - (greedy ? -4.0 / 3 : 4.0 / 3)) < 1e-5)
    }

    /// Distances in columns; the next learner must divide them by more than 1.2.
    @Test func gateLabelsStopWhereTheNextLearnerDoesNotHelp() throws {
        let columns: [[Double]] = [
            [10, 9, 8, 7, 6],  // the first step already helps too little
            [10, 5, 4.9, 1, 0.5],  // one helps, the second does not
            [10, 5, 2.5, 1.2, 0.6],  // all help
            [10, 5, 2.5, 1.2, 1.1],  // all but the last
        ]
        let flat = (0..<5).flatMap { row in columns.map { $0[row] } }
        let distances = try Tensor(flat, shape: [5, 4])
        let method = try GateLabels.whereHelpEnds(distances, improvement: 1.2, oneMore: false)
        #expect(try method.array(of: Int.self) == [0, 1, 4, 3])
        let paper = try GateLabels.whereHelpEnds(distances, improvement: 1.2, oneMore: true)
        #expect(try paper.array(of: Int.self) == [1, 2, 4, 4])
    }

    /// Squared errors fall by 100, 1 for the first module's tokens and by 9, 4 for the second's; a
    /// learner of the second costs twice as much, so that what a unit of cost gains is 100, 1, 4.5, 2. In what unit errors are
    /// told makes no difference.
    @Test(arguments: [
        (1.0, [1, 1], [1, 1]), (0.84, [1, 0], [1, 1]), (0.51, [1, 0], [1, 0]), (0.17, [1, 0], [0, 0]),
        (0.0, [0, 0], [0, 0]),
    ])
    func gateLabelsSpendTheBudgetWhereItHelpsMost(budget: Double, first: [Int], second: [Int]) throws {
        for unit in [1, 1e-6, 1e5] {
            let labels = try GateLabels.spending(
                budget,
                distances: [
                    Tensor([10, 1, 0, 0] as [Float], shape: [2, 2]) * unit,
                    Tensor([3, 2, 0, 0] as [Float], shape: [2, 2]) * unit,
                ],
                modules: [(minimum: 0, count: 1, learnerCost: 1), (minimum: 0, count: 1, learnerCost: 2)])
            #expect(try labels[0].array(of: Int.self) == first)
            #expect(try labels[1].array(of: Int.self) == second)
        }
    }

    /// Two samples, one padded; costs 1 and 3 for N = 2 and 4 learners: full cost 2 + 12 = 14.
    @Test func budgetComparesTheMeanLoad() throws {
        let counts = [
            try Tensor([2, 0, 1, 9] as [Float], shape: [2, 2]),
            try Tensor([4, 2, 0, 9] as [Float], shape: [2, 2]),
        ]
        let mask = try Tensor([1, 1, 1, 0] as [Float], shape: [2, 2])
        let (loss, load) = try ConversionLoss.budget(
            counts: counts, costs: [(learner: 1, count: 2), (learner: 3, count: 4)], masks: [mask, mask],
            budget: 0.5)
        let expected = (((2.0 + 12) + (0 + 6)) / 28 + (1.0 + 0) / 14) / 2
        #expect(abs(try value(load) - expected) < 1e-6)
        #expect(abs(try value(loss) - abs(expected - 0.5)) < 1e-6)
    }

    /// A row of weight 0 counts as little as one that is not there.
    @Test func rowsWithoutWeightDoNotCount() throws {
        try Runtime.seed(2)
        let learners = try Learners(
            inputWidth: 4, outputWidth: 3, count: 2, learnerWidth: 2, activation: .gelu)
        try learners.reset()
        let (input, target) = (try Tensor.normal([5, 4]), try Tensor.normal([5, 3]))
        let weights = try Tensor([1, 0, 1, 1, 0] as [Float])
        let real = try weights.isGreater(than: 0)
        for greedy in [false, true] {
            let weighted = try ConversionLoss.distillation(
                learners, input: input, target: target, greedy: greedy, weights: weights)
            let picked = try ConversionLoss.distillation(
                learners, input: input.rows(where: real), target: target.rows(where: real), greedy: greedy)
            #expect(abs(try value(weighted) - value(picked)) < 1e-6)
        }
        let distances = try Tensor.uniform([3, 5])
        let modules = [(minimum: 0, count: 2, learnerCost: 3)]
        for budget in [0.2, 0.5, 0.8] {
            let weighted = try GateLabels.spending(
                budget, distances: [distances], modules: modules, weights: [weights])
            let picked = try GateLabels.spending(
                budget, distances: [distances.transposed(0, 1).rows(where: real).transposed(0, 1)],
                modules: modules)
            #expect(
                try weighted[0].rows(where: real).array(of: Int.self) == picked[0].array(of: Int.self))
        }
        let (student, teacher) = (try Tensor.normal([2, 3, 4]), try Tensor.normal([2, 3, 4]))
        let mask = try Tensor([1, 1, 0, 1, 0, 0], shape: [2, 3]).isAtLeast(1)
        #expect(
            abs(
                try value(Loss.distillation(student, teacher: teacher, temperature: 2, mask: mask))
                    - value(
                        Loss.distillation(
                            student.rows(where: mask), teacher: teacher.rows(where: mask), temperature: 2)))
                < 1e-6)
    }

    @Test func entropyIsMinusOneWhenChoicesAreUsedAlike() throws {
        let even = try Tensor([1, 0, 0, 1] as [Float], shape: [1, 2, 2])
        let mask = try Tensor.ones([1, 2])
        #expect(abs(try value(ConversionLoss.entropy(oneHots: [even], masks: [mask])) + 1) < 1e-6)
        let single = try Tensor([1, 0, 1, 0] as [Float], shape: [1, 2, 2])
        #expect(abs(try value(ConversionLoss.entropy(oneHots: [single], masks: [mask]))) < 1e-6)
        // The second token is padding, so only one choice counts.
        let padded = try Tensor([1, 0] as [Float], shape: [1, 2])
        #expect(abs(try value(ConversionLoss.entropy(oneHots: [even], masks: [padded]))) < 1e-6)
    }

    /// Shares of 1 and 0.25 over two samples: the pairs differ by 0.75 twice in four.
    @Test func diversityRewardsUnequalSamples() throws {
        let counts = [try Tensor([4, 4, 2, 0] as [Float], shape: [2, 2])]
        let loss = try ConversionLoss.diversity(counts: counts, learnerCounts: [4], masks: [.ones([2, 2])])
        #expect(abs(try value(loss) + 0.375) < 1e-6)
    }

    func finetuning(_ weight: Double) -> ConversionOptions.Finetuning {
        var options = ConversionOptions.Finetuning()
        options.distillationWeight = weight
        return options
    }

    /// A model with the mask of two samples of 3 and 2 frames.
    func speech(_ logits: Tensor) throws -> (outputs: ModelOutputs, pass: ForwardPass) {
        let pass = ForwardPass()
        let dense = try ModelFolder.load(goldens.appendingPathComponent("wav2vec2_ctc"))
        let mask = try Tensor(
            [0, 1].flatMap { row in (0..<41).map { $0 < (row == 0 ? 41 : 29) ? 1 : 0 } }, shape: [2, 41])
        _ = try withoutGradients {
            try dense(ModelInputs(["input_values": .zeros([2, 41]), "attention_mask": mask]), pass)
        }
        return (ModelOutputs([("logits", logits)]), pass)
    }

    /// Two frames of a uniform student against a teacher that is sure: log 2 at each real frame.
    @Test func divergenceOfFramesLeavesPaddingOut() throws {
        let objective = Objective.ctc(CTCSettings(blank: 0, reduction: .sum, zeroInfinity: false))
        let student = try Tensor.zeros([2, 3, 2]).setRequiresGradient()
        var options = finetuning(1)
        options.distillationTemperature = 1
        let sure = try Tensor(
            [0, 100, 0, 100, 0, 100, 100, 0, 100, 0, 0, 0] as [Float], shape: [2, 3, 2])
        let loss = try objective.loss(
            student: speech(student), teacher: speech(sure), labels: nil, options)
        #expect(abs(try value(loss) - log(2)) < 1e-6)
        try loss.backward()
        let gradient = try #require(try student.gradient).array(of: Double.self)
        #expect(gradient.suffix(2) == [0, 0])
        // A fifth of softmax minus target.
        #expect(
            zip(gradient, [0.1, -0.1, 0.1, -0.1, 0.1, -0.1, -0.1, 0.1, -0.1, 0.1]).allSatisfy {
                abs($0 - $1) < 1e-6
            })
    }

    /// One label in 3 and in 2 equal frames of two classes: 6 and 3 of the 8 and 4 alignments.
    @Test func labelsAreAlignedWithRealFrames() throws {
        let objective = Objective.ctc(CTCSettings(blank: 0, reduction: .sum, zeroInfinity: false))
        let labels = try Tensor([1, -100, 1, -100] as [Int64], shape: [2, 2])
        let student = try speech(.zeros([2, 3, 2]))
        let loss = try objective.loss(student: student, teacher: nil, labels: labels, finetuning(0))
        #expect(abs(try value(loss) - (log(8.0 / 6) + log(4.0 / 3)) / 2) < 1e-6)
        #expect(throws: ConversionError.self) {
            try objective.loss(student: student, teacher: student, labels: nil, finetuning(0.5))
        }
    }

    @Test func objectivesAreThoseOfTheArchitectures() throws {
        for (name, wanted) in [
            ("bert", Objective.embedding), ("vit_classifier", .classification),
            ("wav2vec2_ctc", .ctc(CTCSettings(blank: 3, reduction: .sum, zeroInfinity: false))),
        ] {
            #expect(try Objective(ModelFolder.load(goldens.appendingPathComponent(name))) == wanted)
        }
    }
}
