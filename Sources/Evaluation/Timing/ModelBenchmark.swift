import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// Times models on random inputs of one size or on samples, at some budgets, with the memory and the energy that this takes.
public struct ModelBenchmark: Sendable {
    public var models: [AdaptiveModel]
    public var device: Device
    /// Of floating-point inputs; in training what autocast computes in.
    public var type: DataType
    /// Of a text, of speech, or of the text that Whisper gives for a whole window; images have their
    /// model's own size.
    public var tokenCount = 128
    /// Whose samples are the inputs at inference: each timed run has the next batch, the same for all models. nil
    /// takes one batch of random numbers.
    public var dataset: (any Dataset)?
    /// Timed runs of each case.
    public var repeatCount = 20
    /// Whether passes at inference are CUDA graphs.
    public var usesGraphs = false
    /// nil leaves energy out.
    public var energy: (any EnergyMeter)?
    /// How long each case runs for its energy to be measured, at least; counters are told some tens of milliseconds late.
    public var energySeconds = 1.0

    /// - Parameters:
    ///   - models: what to time in turns; a dense model is timed once, an adaptive one at
    ///     every budget.
    ///   - device: where the models run.
    ///   - type: of floating-point inputs; in training what autocast computes in.
    public init(_ models: [AdaptiveModel], device: Device = .cpu, type: DataType = .float32) {
        self.models = models
        self.device = device
        self.type = type
    }

    /// Forward passes without gradients.
    public func inference(batchSize: Int, budgets: [Double]) throws -> [BenchmarkRow] {
        try withoutGradients {
            guard let first = models.first else { return [] }
            let inputs =
                try dataset.map { try batches(of: $0, batchSize) }
                ?? [randomInputs(first, batchSize: batchSize)]
            let cases = models.enumerated().flatMap { index, model in
                (model.isAdaptive ? budgets.map(Optional.some) : [nil]).map { budget in
                    Case(model: index, budget: budget) {
                        try inferenceJob(model, inputs, budget: budget ?? 1)
                    }
                }
            }
            return try measure(cases, batchSize: batchSize)
        }
    }

    /// - Parameter batches: each run takes the next of them.
    private func inferenceJob(
        _ model: AdaptiveModel, _ batches: [ModelInputs], budget: Double
    ) throws -> Job {
        let graph = usesGraphs ? try GraphedModel(model, like: batches[0], budget: budget) : nil
        if let graph {
            try check(graph(batches[0]), against: model(batches[0], AdaptivePass(budget: budget)))
        }
        var turn = 0
        return Job(
            run: {
                let inputs = batches[turn % batches.count]
                turn += 1
                _ = try graph.map { try $0(inputs) } ?? model(inputs, AdaptivePass(budget: budget))
            },
            load: {
                let loads = try batches.flatMap { inputs in
                    let pass = graph?.pass ?? AdaptivePass(budget: budget)
                    _ = try graph.map { try $0(inputs) } ?? model(inputs, pass)
                    return try SampleLoad.of(pass, model, sampleCount: inputs.sampleCount).map(Double.init)
                }
                return loads.reduce(0, +) / Double(loads.count)
            })
    }

    /// Nothing is timed before it is right.
    private func check(_ outputs: ModelOutputs, against wanted: ModelOutputs) throws {
        for (name, tensor) in wanted.tensors {
            let expected = try tensor.to(nil, .float32)
            let error = try (outputs.required(name).to(nil, .float32) - expected).norm().item(Double.self)
            let size = try expected.norm().item(Double.self)
            guard error <= 0.01 * size else {
                throw EvaluationError.mismatch(
                    "The model's \(name) differs by \(error) from that of its CUDA graph, of norm \(size)")
            }
        }
    }

    /// Steps of training: forward, backward, clipping, Adam, on the mean square of the first output.
    public func training(batchSize: Int) throws -> [BenchmarkRow] {
        let cases = models.enumerated().map { index, model in
            Case(model: index, budget: model.isAdaptive ? 1 : nil) {
                let inputs = try randomInputs(model, batchSize: batchSize)
                try model.network.setRequiresGradient(true)
                let optimizer = try Adam([Adam.Group(parameters: model.network.namedParameters())])
                let run = {
                    let pass = AdaptivePass(mode: .training(temperature: 1))
                    let outputs = try withAutocast(type == .float32 ? nil : type, on: device) {
                        try model(inputs, pass)
                    }
                    guard let output = outputs.tensors.first?.tensor else { return }
                    try output.to(nil, .float32).square().mean().backward()
                    try optimizer.clipGradients(maximum: 1)
                    try optimizer.step(rate: 1e-6)
                    try optimizer.clearGradients()
                }
                return Job(run: run, load: { 1 })
            }
        }
        return try measure(cases, batchSize: batchSize)
    }

    private struct Job {
        let run: () throws -> Void
        /// After a run.
        let load: () throws -> Double
    }

    private struct Case {
        let model: Int
        let budget: Double?
        let make: () throws -> Job
    }

    private func measure(_ cases: [Case], batchSize: Int) throws -> [BenchmarkRow] {
        let made = try cases.map { entry in
            try PeakMemory.measure(on: device) {
                let job = try entry.make()
                try job.run()
                try device.synchronize()
                return job
            }
        }
        let jobs = made.map(\.value)
        let timings = try InterleavedTiming.measure(
            repeatCount: repeatCount,
            jobs.map { job in
                {
                    try job.run()
                    try device.synchronize()
                }
            })
        return try cases.indices.map { index in
            BenchmarkRow(
                model: cases[index].model, batchSize: batchSize, budget: cases[index].budget,
                load: try jobs[index].load(), timing: timings[index], peakMemoryBytes: made[index].bytes,
                joulesPerSample: try energy.map {
                    try joules(of: jobs[index], $0, milliseconds: timings[index].median) / Double(batchSize)
                })
        }
    }

    /// The energy of one run, the mean of as many as fill ``energySeconds``.
    private func joules(of job: Job, _ meter: any EnergyMeter, milliseconds: Double) throws -> Double {
        let count = max(1, Int((energySeconds * 1000 / max(milliseconds, 0.001)).rounded(.up)))
        return try meter.joules {
            for _ in 0..<count { try job.run() }
            try device.synchronize()
        } / Double(count)
    }
}
