import Foundation
import Torch

/// Quality against compute of one evaluation, to stand by itself: the adaptive model at its budgets, and the
/// dense one.
public struct FrontierPlot: Sendable, Equatable {
    private let plot: LinePlot

    /// The classifier's accuracy, or else the mean cosine with the dense model's embeddings, against the share of
    /// the dense multiply-accumulates.
    public init(_ result: EvaluationResult, title: String = "Quality against compute") {
        let isClassifier = result.denseAccuracy != nil
        let points = result.budgets.map { budget in
            LinePlot.Point(
                x: result.macShare(budget), y: (isClassifier ? budget.accuracy : budget.meanCosine) ?? .nan,
                label: Markup.number(budget.budget, digits: 2))
        }
        plot = LinePlot(
            title: title, xTitle: "share of the dense multiply-accumulates",
            yTitle: isClassifier ? "accuracy" : "mean cosine with the dense model",
            series: [
                .init(name: "", points: points, colour: 0),
                .init(
                    name: "dense", points: [.init(x: 1, y: result.denseAccuracy ?? 1)], colour: 5,
                    isReference: true),
            ], xMust: [0, 1])
    }

    public var svg: String { plot.svg }

    /// Writes the plot, whole or not at all.
    ///
    /// - Throws: `FileError`.
    public func write(to url: URL) throws {
        try AtomicFile.write(Data((svg + "\n").utf8), to: url)
    }
}
