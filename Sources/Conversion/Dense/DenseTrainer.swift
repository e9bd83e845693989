import AdaptiveComputation
import Datasets
import Foundation
import Torch
import Transformers

/// Trains a dense classifier on labelled data: fine-tunes a pretrained model, or starts from nothing.
///
/// The run can be stopped at any moment and called again with the same arguments: it goes on from its
/// last checkpoint, and on a CPU with a fixed number of threads it ends with the same weights as one
/// that was not stopped.
public struct DenseTrainer {
    let start: DenseClassifier
    let output: URL
    let dataset: any Dataset
    let options: DenseOptions
    let device: Device
    let loading: LoadingOptions
    let reportSteps: Int
    let report: (DenseReport) -> Void

    /// - Parameters:
    ///   - start: the model that is trained.
    ///   - output: the folder to write.
    ///   - dataset: labelled training data.
    ///   - options: all that decides the result.
    ///   - device: where it is trained.
    ///   - loading: how data is read ahead.
    ///   - reportSteps: steps between reports; reports read values back from the device.
    ///   - report: called then.
    public init(
        _ start: DenseClassifier, output: URL, dataset: any Dataset, options: DenseOptions,
        device: Device = .cpu, loading: LoadingOptions = LoadingOptions(), reportSteps: Int = 10,
        report: @escaping (DenseReport) -> Void = { _ in }
    ) {
        self.start = start
        self.output = output
        self.dataset = dataset
        self.options = options
        self.device = device
        self.loading = loading
        self.reportSteps = reportSteps
        self.report = report
    }

    private var checkpoint: TrainingCheckpoint {
        TrainingCheckpoint(folder: output.appendingPathComponent("checkpoint"))
    }

    private static func stem(_ step: Int) -> String { "training-\(step)" }

    /// Trains, writes the model to the output folder, and then lets the caller look at it.
    ///
    /// - Parameter finish: called with the model in place; until it returns, a call of ``run(_:)``
    ///   after a kill comes here again without training anew.
    /// - Throws: ``ConversionError`` and what model and data throw; a checkpoint stays.
    @discardableResult
    public func run(_ finish: (DenseResult) throws -> Void = { _ in }) throws -> DenseResult {
        try options.validate()
        try device.requireAvailable()
        let network = try start.load(classNames: classNames(), seed: options.seed, device: device)
        let value = try Fingerprint(network, dataset).value
        let fingerprint = try options.yaml() + "model and data: \(String(value, radix: 16))\n"
        let state = try checkpoint.state(fingerprint: fingerprint)
        let saved = try state?.integer("step", in: 0...Int.max)
        let training = try DenseTraining(network, options, dataset, device, loading: loading)
        let events = try EventFile.open(
            in: output, goingOnFrom: state?.optionalObject("events").map(EventFile.Position.init))
        if let saved {
            try checkpoint.restore(network, Self.stem(saved))
            try training.optimizer.restore(checkpoint.optimizerState(Self.stem(saved)))
        }
        if device.type != .cpu { try device.resetPeakMemory() }
        let started = ContinuousClock.now
        let values = try run(training, network, from: saved ?? 0, fingerprint, events)
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let peakDeviceBytes = device.type == .cpu ? nil : try device.memory().peak
        try network.setRequiresGradient(false)
        try AdaptiveModel(dense: network).save(to: output, copyingFrom: start.folder)
        try AtomicFile.write(Data(options.yaml().utf8), to: output.appendingPathComponent("training.yaml"))
        let batchSize = options.optimisation.batchSize
        let seen = (training.totalSteps - (saved ?? 0)) * min(batchSize, dataset.count)
        let result = DenseResult(
            network: network, source: start.source, steps: training.totalSteps, sampleCount: dataset.count,
            batchSize: batchSize, values: values, seconds: seconds,
            samplesPerSecond: seconds > 0 ? Double(seen) / seconds : 0,
            peakDeviceBytes: peakDeviceBytes)
        try finish(result)
        try checkpoint.remove()
        return result
    }

    /// - Throws: ``ConversionError/data(_:)`` for data that no classifier can learn from.
    private func classNames() throws -> [String] {
        guard dataset.count > 0 else { throw ConversionError.data("The dataset is empty") }
        guard let names = dataset.classNames else { throw DenseTraining.noLabels }
        guard names.count > 1 else {
            throw ConversionError.data(
                "A classifier needs data of at least two classes, found one: \(names.first ?? "")")
        }
        return names
    }

    /// - Returns: the values of the last step; none where all steps had been done.
    private func run(
        _ training: DenseTraining, _ network: any TransformerModel, from first: Int, _ fingerprint: String,
        _ events: EventFile
    ) throws -> [(name: String, value: Double)] {
        var last: [(name: String, value: Double)] = []
        for step in first..<max(training.totalSteps, first) {
            let isLast = step + 1 == training.totalSteps
            let reports = isLast || step == 0 || (step + 1) % reportSteps == 0
            // Nothing is saved whose loss was not looked at.
            let saves = isLast || (step + 1) % options.checkpointSteps == 0
            let values = try training.step(step, readsValues: reports || saves)
            if reports {
                let shown = values + [("learning_rate", training.rate(step))]
                try events.append(
                    .values(shown.map { .scalar(tag: "training/\($0.name)", $0.value) }), step: step + 1)
                report(DenseReport(step: step + 1, totalSteps: training.totalSteps, values: values))
            }
            if isLast { last = values }
            guard saves else { continue }
            var state = JSONObject()
            state["step"] = .integer(step + 1)
            state["events"] = events.position.json
            try checkpoint.save(
                Self.stem(step + 1), state: state, fingerprint: fingerprint, network: network,
                optimizer: training.optimizer.state)
        }
        return last
    }
}
