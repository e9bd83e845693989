import AdaptiveComputation
import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Preprocessing
import Torch
import Transformers

/// Writes where the compute went: texts onto one page, images and recordings into a picture each.
struct HeatMapOutput {
    private let url: URL
    private let isPage: Bool
    private let isFolder: Bool
    private let budget: Double
    private let inputs: [String]
    private let patchSize: [Int]
    /// Samples that a window of fixed length stands for; nil where windows are as long as the recordings.
    private let windowWidth: Int?
    private var texts: [TokenLoads] = []
    private var names: Set<String> = []

    /// - Throws: `ValidationError` for a dense model, or for one picture of several samples.
    init(
        _ path: String, model: AdaptiveModel, folder: URL, budget: Double, inputs: [String], sampleCount: Int
    ) throws {
        guard model.configuration != nil else {
            throw ValidationError(
                "--heatmap shows what gates chose, but \(folder.relativePath) is a dense model")
        }
        url = URL(fileURLWithPath: path)
        isPage = url.pathExtension == "html"
        isFolder = !isPage && url.pathExtension != "png"
        guard isPage || isFolder || sampleCount == 1 else {
            throw ValidationError(
                "--heatmap \(path) is one picture, but there are \(sampleCount) samples: name a folder")
        }
        if !isFolder { try OutputFile(option: "--heatmap", path: path).requireWritable() }
        self.budget = budget
        self.inputs = inputs
        let reader = try JSONObjectReader(model.network.configuration, source: "config.json")
        let size = reader.object["patch_size"]
        patchSize = [
            size?[0]?.integerValue ?? size?.integerValue ?? 16,
            size?[1]?.integerValue ?? size?.integerValue ?? 16,
        ]
        windowWidth = model.network is WhisperModel ? try LogMelSpectrogram(folder: folder).chunkWidth : nil
    }

    mutating func add(_ prediction: Prediction, _ dataset: any Dataset, _ index: Int, place: String) throws {
        guard let loads = prediction.loads else { return }
        switch dataset {
        case let images as ImageDataset:
            try ImageHeatMap.write(
                image: images.image(of: index), loads: loads, patchSize: patchSize, to: picture(place, index))
        case let recordings as AudioDataset:
            let samples = try recordings.samples(of: index)
            try WaveformHeatMap.write(
                samples: samples, loads: loads, coveredSamples: windowWidth ?? samples.elementCount,
                to: picture(place, index))
        default:
            guard isPage else {
                throw ValidationError("--heatmap takes a .html page for texts and packed images")
            }
            texts.append(loads)
        }
    }

    /// Where the picture of a sample goes; each has a name of its own.
    private mutating func picture(_ place: String, _ index: Int) throws -> URL {
        guard !isPage else {
            throw ValidationError(
                "--heatmap takes a .png picture for an image or a recording, or a folder of them")
        }
        guard isFolder else { return url }
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        let stem = URL(fileURLWithPath: place).deletingPathExtension().lastPathComponent
        let name = names.contains(stem) ? "\(stem)-\(index)" : stem
        names.insert(name)
        let target = url.appendingPathComponent("\(name).png")
        try OutputFile(option: "--heatmap", path: target.relativePath).validate(inputs: inputs)
        return target
    }

    func finish() throws {
        guard isPage else { return }
        try TokenPage(title: "Load of each token, budget \(budget)", samples: texts).write(to: url)
    }
}
