import AdaptiveComputation
import Datasets
import Foundation
import Preprocessing
import Torch
import Transformers

/// Looks closer at some samples of an evaluation, the cheapest and the costliest.
public struct ExampleCollector {
    private let model: AdaptiveModel
    private let dense: AdaptiveModel?
    private let dataset: any Dataset
    private let speller: CTCTokenizer?
    private let listener: RecordingListener?
    private let normalization: ErrorRate.Normalization
    private let device: Device

    /// - Parameters:
    ///   - model: an adaptive one, on the device.
    ///   - dense: that it came from; nil where it is not known.
    ///   - dataset: what the evaluation ran over.
    ///   - speech: how texts are made of a speech model's logits and compared; nil for other models.
    ///   - device: where the models are.
    public init(
        _ model: AdaptiveModel, dense: AdaptiveModel?, dataset: any Dataset, speech: SpeechScoring? = nil,
        device: Device = .cpu
    ) {
        self.model = model
        self.dense = dense
        self.dataset = dataset.root
        speller = speech?.speller
        listener = nil
        normalization = speech?.normalization ?? ErrorRate.Normalization()
        self.device = device
    }

    /// Of recordings that models write texts of.
    init(_ listener: RecordingListener, _ normalization: ErrorRate.Normalization) {
        model = listener.model.model
        dense = listener.dense.model
        dataset = listener.recordings
        speller = nil
        self.listener = listener
        self.normalization = normalization
        device = .cpu
    }

    /// The samples of the lowest and of the highest load, from low to high, and those with the most word errors,
    /// the worst first.
    ///
    /// - Parameters:
    ///   - records: of the evaluation.
    ///   - count: samples of each group.
    /// - Returns: none for a dense model.
    /// - Throws: what models and files throw.
    public func collect(_ records: SampleRecords, count: Int = 4) throws -> [SampleExample] {
        let run = records.runs.filter { ($0.budget ?? 1) < 1 }
            .min { abs(($0.budget ?? 1) - 0.5) < abs(($1.budget ?? 1) - 0.5) }
        guard let run, let budget = run.budget, let loads = run.values[.load] else { return [] }
        let order = loads.indices.sorted { (loads[$0], $0) < (loads[$1], $1) }
        let cheapest = order.prefix(min(count, order.count / 2))
        let costliest = order.suffix(min(count, order.count - cheapest.count))
        let errors = run.values[.wordErrors] ?? []
        let worst = errors.indices.filter { errors[$0] > 0 }
            .sorted { (-errors[$0], $0) < (-errors[$1], $1) }.prefix(count)
        let groups: [(SampleExample.Group, ArraySlice<Int>)] = [
            (.cheapest, cheapest), (.costliest, costliest), (.worst, worst),
        ]
        return try groups.flatMap { group, places in
            try places.map { place in
                var found = try example(
                    records.numbers[place], label: records.labels.isEmpty ? nil : records.labels[place],
                    budget, load: Double(loads[place]))
                found.group = group
                return found
            }
        }
    }

    private func example(_ number: Int, label: Int?, _ budget: Double, load: Double) throws -> SampleExample {
        if let listener { return try heard(number, budget, load: load, listener) }
        let type = model.network.namedParameters().first?.tensor.dataType
        var batch = try dataset.batch([number])
        batch.indices = [number]
        batch = try batch.to(device, type)
        func say(_ model: AdaptiveModel, _ budget: Double) throws -> Prediction {
            try Prediction.make(model, dataset, batch, budget: budget, speller: speller, classCount: 1)[0]
        }
        func text(_ prediction: Prediction) -> String? {
            prediction.transcript ?? prediction.classes.first?.name
        }
        let found = try say(model, budget)
        let recording = dataset as? AudioDataset
        let pixels = try recording == nil ? pixels(number) : nil
        let said = recording?.text(of: number)
        func shown(_ loads: [Double]) -> [Double] {
            (pixels == nil ? loads : Array(loads.suffix(patchCount(batch)))).map(rounded)
        }
        return SampleExample(
            number: number, place: dataset.place(of: number), budget: budget, load: rounded(load),
            truth: said ?? label.flatMap { className($0, asModel: !found.classes.isEmpty) },
            output: text(found),
            denseOutput: try dense.map { text(try say($0, 1)) } ?? nil,
            tokens: try (dataset as? TextDataset)?.tokens(of: number) ?? [],
            tokenLoads: shown(found.loads?.loads ?? []), image: try pixels.flatMap(picture),
            patchColumns: pixels == nil ? nil : patchColumns(batch),
            waveform: try recording.map { try waveform($0.samples(of: number)) },
            words: try speller.map { TimedWords.of(try frames(batch, budget), $0) },
            blockLoads: found.loads?.blocks.map { BlockLoads(block: $0.block, loads: shown($0.loads)) },
            alignment: alignment(said, found.transcript))
    }

    /// A recording that models write texts of.
    private func heard(
        _ number: Int, _ budget: Double, load: Double, _ listener: RecordingListener
    ) throws -> SampleExample {
        let sound = try listener.recordings.samples(of: number)
        let request = listener.request(of: number)
        let found = try listener.model.watch(sound, request, budget: budget)
        let text = found.hearing.transcript.text
        let said = listener.recordings.text(of: number)
        return SampleExample(
            number: number, place: dataset.place(of: number), budget: budget, load: rounded(load),
            truth: said, output: text,
            denseOutput: try listener.dense.hear(sound, request, budget: 1).transcript.text,
            tokens: [], tokenLoads: found.frameLoads.map(rounded), image: nil, patchColumns: nil,
            waveform: try waveform(sound),
            words: found.words.map {
                .init(text: $0.text, start: rounded($0.start), end: rounded($0.end))
            },
            blockLoads: found.blockLoads.map { .init(block: $0.block, loads: $0.loads.map(rounded)) },
            alignment: alignment(said, text))
    }

    private func alignment(_ said: String?, _ heard: String?) -> WordAlignment? {
        guard let said, let heard else { return nil }
        return WordAlignment(reference: said, hypothesis: heard, normalization)
    }

    /// - Parameter asModel: whether the model's own name is taken, so that it can be compared with what it says.
    private func className(_ label: Int, asModel: Bool) -> String? {
        let own = asModel ? model.network.configuration["id2label"]?["\(label)"]?.stringValue : nil
        guard let names = dataset.classNames, names.indices.contains(label) else { return own }
        return own ?? names[label]
    }

    private func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }

    /// The likeliest token of each frame.
    private func frames(_ batch: Batch, _ budget: Double) throws -> [Int] {
        let pass = AdaptivePass(budget: budget)
        let logits = try withoutGradients { try model(batch.inputs, pass).required("logits") }
        return try logits.select(0, axis: 0).argMax(axis: -1).to(.cpu).array(of: Int.self)
    }

    /// `[channels, height, width]` uint8, the image before its levels are normalised; nil for other samples.
    private func pixels(_ number: Int) throws -> Tensor? {
        guard let pixels = try dataset.load([number], nil).inputs["pixel_values"], pixels.dataType == .uint8
        else { return nil }
        return try pixels.select(0, axis: 0)
    }

    /// A JPEG file of an image's square in the middle; nil without the library that writes it, which no number
    /// depends on.
    private func picture(_ image: Tensor) throws -> Data? {
        guard MediaLibrary.problem == nil else { return nil }
        let (height, width) = (image.shape[1], image.shape[2])
        let side = min(height, width)
        let (top, left) = ((height - side) / 2, (width - side) / 2)
        let square = try image.slice(top..<top + side, axis: 1).slice(left..<left + side, axis: 2)
            .expanded([3, side, side]).contiguous()
        let shown = min(side, 192)
        return try ImageEncoder.jpeg(
            square.resized(height: shown, width: shown, by: .bicubic), quality: 85)
    }

    private func patchColumns(_ batch: Batch) -> Int {
        let width = batch.inputs["pixel_values"]?.shape.last ?? 0
        let size = model.network.configuration["patch_size"]
        return max(1, width / max(1, size?[1]?.integerValue ?? size?.integerValue ?? 16))
    }

    private func patchCount(_ batch: Batch) -> Int { patchColumns(batch) * patchColumns(batch) }

    /// `[stretches][2]`, relative to the loudest.
    private func waveform(_ samples: Tensor, stretches: Int = 240) throws -> [[Double]] {
        let values = try samples.array(of: Float.self)
        let loudest = max(values.reduce(0) { max($0, abs($1)) }, 1e-9)
        return (0..<min(stretches, values.count)).map { stretch in
            let start = stretch * values.count / stretches
            let part = values[
                start..<min(max(start + 1, (stretch + 1) * values.count / stretches), values.count)]
            return [
                rounded(Double((part.min() ?? 0) / loudest)), rounded(Double((part.max() ?? 0) / loudest)),
            ]
        }
    }
}
