import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// Phase III.
extension PhaseTraining {
    /// Adds the gradients of a batch to all parameters': of the loss at a budget drawn for the step, or the
    /// mean of those at several.
    ///
    /// The loss is `task + w_b · |load - β| + w_e · entropy + w_d · diversity`. In parts, the means over samples
    /// and tokens add up with each part's share. Budget and diversity look at all samples at once, but only at
    /// two numbers of each, its load r and its share of learners b. So a first pass without gradients finds
    /// these of the whole batch, and with them `g = ∂(w_b · L_b)/∂r` and `h = ∂(w_d · L_d)/∂b`; in the second
    /// pass each part adds `Σ g_i · r_i + h_i · b_i`, so that gradients add up to those of the whole. Both
    /// passes draw the same noise.
    func learnAll(_ batch: Batch, _ random: inout SplitMix64, progress: Double) throws -> StepValues {
        let settings = options.finetuning
        let drawn = settings.budget(at: random.unit())
        let budgets =
            if options.uniformLearners > 0 { [1.0] } else if settings.sandwich {
                [settings.lowestBudget, settings.highestBudget, drawn]
            } else { [drawn] }
        let inputs = try hidingSpans(of: batch.inputs, &random)
        let count = batch.sampleCount
        let students = try parts(Batch(inputs: inputs, labels: nil))
        let parts = try parts(batch)
        var sums: StepValues = []
        for (number, budget) in budgets.enumerated() {
            let noise = random.next()
            var runs: [PartRun] = []
            var first = 0
            for (part, student) in zip(parts, students) {
                runs.append(
                    PartRun(
                        part: part, student: student.inputs, budget: budget,
                        weight: 1 / Double(budgets.count),
                        mode: .training(temperature: settings.temperature(at: progress)),
                        noise: .seeded(
                            noise, share.rows(first..<first + part.sampleCount, of: count))))
                first += part.sampleCount
            }
            let isLast = number == budgets.count - 1
            let values =
                try runs.count == 1
                ? learnWhole(runs[0], settings, isLast: isLast)
                : learnInParts(runs, settings, sampleCount: count, isLast: isLast)
            if let load = values.first(where: { $0.name == "load" })?.tensor {
                try control?.learn(load, budget: budget)
            }
            sums =
                try number == 0 ? values : zip(sums, values).map { ($0.name, try $0.tensor + $1.tensor) }
        }
        let mean = budgets.reduce(0, +) / Double(budgets.count)
        return try sums.map { ($0.name, try $0.tensor / Double(budgets.count)) }
            + [("budget", .full([], mean, device: device))]
    }

    private func learnWhole(
        _ run: PartRun, _ settings: ConversionOptions.Finetuning, isLast: Bool
    ) throws -> StepValues {
        let values: StepValues = try inPrecision {
            let student = try studentOutputs(run)
            let shares =
                try share.isWhole
                ? nil
                : ObjectiveCounts.shares(
                    of: [objective.counts(student: student, labels: run.part.labels)], among: share)
            let task = try taskLoss(run, student, settings, shares: shares?[0])
            guard let choices = try SampleChoices(student.pass, modules) else { return [("loss", task)] }
            let load = try share.meanOverRows(choices.loads.mean())
            let loss =
                try task + (load - run.budget).absolute() * settings.budgetWeight
                + choices.entropy
                * (settings.entropyWeight * share.weight(rows: run.part.sampleCount, alone: 1))
                + ConversionLoss.diversity(share.gathered(choices.shares)) * settings.diversityWeight
            return [("loss", loss), ("task", task), ("load", load)]
        }
        try backward(values[0].tensor * run.weight, isLast: isLast)
        return try values.map { ($0.name, try $0.tensor.detach()) }
    }

    private func learnInParts(
        _ runs: [PartRun], _ settings: ConversionOptions.Finetuning, sampleCount: Int, isLast: Bool
    ) throws -> StepValues {
        var counts: [ObjectiveCounts] = []
        var seen: [SampleChoices] = []
        for run in runs {
            try withoutGradients {
                try inPrecision {
                    let student = try studentOutputs(run)
                    counts.append(try objective.counts(student: student, labels: run.part.labels))
                    if let choices = try SampleChoices(student.pass, modules) { seen.append(choices) }
                }
            }
        }
        let shares = try ObjectiveCounts.shares(of: counts, among: share)
        let coupling =
            try seen.isEmpty ? nil : Coupling(seen, budget: runs[0].budget, settings, share)
        var task: Tensor?
        var entropy: Tensor?
        var first = 0
        for (run, ownShares) in zip(runs, shares) {
            let own = run.part.sampleCount
            let loss = try inPrecision {
                let student = try studentOutputs(run)
                let ownTask = try taskLoss(run, student, settings, shares: ownShares)
                task = try task.map { try $0 + ownTask.detach() } ?? ownTask.detach()
                guard let coupling, let choices = try SampleChoices(student.pass, modules) else {
                    return ownTask
                }
                let ownEntropy =
                    try choices.entropy * share.weight(rows: own, alone: Double(own) / Double(sampleCount))
                entropy = try entropy.map { try $0 + ownEntropy.detach() } ?? ownEntropy.detach()
                return try ownTask + ownEntropy * settings.entropyWeight
                    + coupling.loss(choices, samples: first..<first + own)
            }
            first += own
            try backward(loss * run.weight, isLast: isLast && first == sampleCount)
        }
        guard let task else { return [] }
        guard let coupling, let entropy else { return [("loss", task)] }
        let loss = try task + coupling.loss + entropy * settings.entropyWeight
        return [("loss", loss), ("task", task), ("load", coupling.load)]
    }

    private func studentOutputs(_ run: PartRun) throws -> (outputs: ModelOutputs, pass: AdaptivePass) {
        let pass = AdaptivePass(
            mode: run.mode, budget: run.budget, noise: run.noise, shift: try control?.shift(at: run.budget))
        pass.recomputesBlocks = options.finetuning.recomputesBlocks
        return (try model(run.student, pass), pass)
    }

    private func taskLoss(
        _ run: PartRun, _ student: (outputs: ModelOutputs, pass: AdaptivePass),
        _ settings: ConversionOptions.Finetuning, shares: ObjectiveCounts? = nil
    ) throws -> Tensor {
        let teacherPass = ForwardPass()
        let target =
            try settings.distillationWeight > 0
            ? withoutGradients { (try teacher(run.part.inputs, teacherPass), teacherPass) } : nil
        return try objective.loss(
            student: student, teacher: target, labels: run.part.labels, settings, shares: shares)
    }

    /// The inputs with spans hidden where the options ask for it.
    private func hidingSpans(of inputs: ModelInputs, _ random: inout SplitMix64) throws -> ModelInputs {
        guard options.finetuning.hidesSpans else { return inputs }
        guard let network = model.network as? any InputMasking else {
            throw ConversionError.option("finetuning.hidesSpans is for speech models")
        }
        let batch = try share.rows.map { rows in
            let own = try Tensor(network.sampleCounts(inputs).map(Double.init))
            return (try share.gathered(own).array(of: Int.self), rows.places)
        }
        return try network.hidingSpans(of: inputs, among: batch, using: &random)
    }
}

/// A part of a batch in phase III, and how the student runs on it.
private struct PartRun {
    let part: Batch
    /// The part's inputs, perhaps with spans hidden.
    let student: ModelInputs
    let budget: Double
    /// Of its loss in the step's.
    let weight: Double
    let mode: GatingMode
    let noise: GateNoise
}
