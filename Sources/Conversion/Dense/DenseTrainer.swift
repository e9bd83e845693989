import AdaptiveComputation
import Datasets
import Foundation
import Torch
import Transformers

/// Trains a dense classifier on labelled data, or a recogniser on recordings with texts: fine-tunes a pretrained
/// model, or starts from nothing.
///
/// The run can be stopped at any moment and called again with the same arguments: it goes on from its
/// last checkpoint, and on a CPU with a fixed number of threads it ends with the same weights as one
/// that was not stopped.
public struct DenseTrainer {
    let start: DenseStart
    let output: URL
    let dataset: any Dataset
    let options: DenseOptions
    let device: Device
    let loading: LoadingOptions
    let reportSteps: Int
    let report: (StageReport) -> Void

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
        _ start: DenseStart, output: URL, dataset: any Dataset, options: DenseOptions,
        device: Device = .cpu, loading: LoadingOptions = LoadingOptions(), reportSteps: Int = 10,
        report: @escaping (StageReport) -> Void = { _ in }
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

    /// Trains, writes the model to the output folder, and then lets the caller look at it.
    ///
    /// - Parameter finish: called with the model in place; until it returns, a call of ``run(_:)``
    ///   after a kill comes here again without training anew.
    /// - Throws: ``ConversionError`` and what model and data throw; a checkpoint stays.
    @discardableResult
    public func run(_ finish: (DenseResult) throws -> Void = { _ in }) throws -> DenseResult {
        try options.validate()
        try device.requireAvailable()
        let network = try start.load(
            classNames: checkedClassNames(), seed: options.seed, device: device)
        let value = try Fingerprint(network, dataset).value
        let fingerprint = try options.yaml() + "model and data: \(String(value, radix: 16))\n"
        let loop = try TrainingLoop(
            output: output, fingerprint: fingerprint, checkpointSteps: options.checkpointSteps,
            reportSteps: reportSteps, report: report)
        let training = try PartwiseTraining.dense(network, options, dataset, device, loading: loading)
        if device.type != .cpu { try device.resetPeakMemory() }
        let started = ContinuousClock.now
        let values = try loop.run(training)
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let peakDeviceBytes = device.type == .cpu ? nil : try device.memory().peak
        try network.setRequiresGradient(false)
        try AdaptiveModel(dense: network).save(to: output, copyingFrom: start.folder)
        try AtomicFile.write(Data(options.yaml().utf8), to: output.appendingPathComponent("training.yaml"))
        let batchSize = options.optimisation.batchSize
        let seen = (training.totalSteps - (loop.saved?.step ?? 0)) * min(batchSize, dataset.count)
        let result = DenseResult(
            network: network, source: start.source, steps: training.totalSteps, sampleCount: dataset.count,
            batchSize: batchSize, values: values, seconds: seconds,
            samplesPerSecond: seconds > 0 ? Double(seen) / seconds : 0,
            peakDeviceBytes: peakDeviceBytes)
        try finish(result)
        try loop.finish()
        return result
    }

    /// The classes of the data, none for a recogniser.
    ///
    /// - Throws: ``ConversionError/data(_:)`` for data that nothing can be learnt from.
    private func checkedClassNames() throws -> [String] {
        guard dataset.count > 0 else { throw ConversionError.data("The dataset is empty") }
        if start.task == .ctc {
            guard let recordings = dataset as? AudioDataset, recordings.store.texts == nil else { return [] }
            throw PartwiseTraining.noTexts
        }
        guard let names = dataset.classNames else { throw PartwiseTraining.noLabels }
        guard names.count > 1 else {
            throw ConversionError.data(
                "A classifier needs data of at least two classes, found one: \(names.first ?? "")")
        }
        return names
    }
}
