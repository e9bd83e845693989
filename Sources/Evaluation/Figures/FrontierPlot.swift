import Foundation
import Torch

/// Quality against compute of one evaluation, to stand by itself: the adaptive model at its budgets, and the
/// dense one.
///
/// The quality is a classifier's accuracy, else the word error rate, else of pairs of texts the rank correlation
/// with their scores, else the mean cosine with the dense model's embeddings; the compute is the share of the dense
/// multiply-accumulates.
public struct FrontierPlot: Sendable, Equatable {
    private let plot: LinePlot

    /// - Parameters:
    ///   - report: of the evaluation.
    ///   - heading: what stands on top of the figure, which is then small enough for three in a row; empty
    ///     for nothing.
    public init(_ report: EvaluationReport, heading: String = "") {
        let quality =
            [Quality.top1, .wordErrorRate, .spearman, .cosine].first { quality in
                report.runs.contains { $0.budget != nil && $0.qualities[quality] != nil }
            } ?? .cosine
        let whole = report.dense?.macs ?? .nan
        let scale = quality.isShare ? 100.0 : 1
        func point(_ run: ReportRun) -> LinePlot.Point {
            LinePlot.Point(
                x: (run.macs ?? .nan) / whole, y: (run.qualities[quality] ?? .nan) * scale,
                label: run.budget.map { Markup.number($0, digits: 2) } ?? "")
        }
        let title = quality.title + (quality.isShare ? ", %" : "")
        plot = LinePlot(
            title: heading.isEmpty ? "Quality against compute" : "\(heading): \(title) against compute",
            xTitle: "share of the dense multiply-accumulates", yTitle: title,
            series: [
                .init(name: "", points: report.runs.filter { $0.budget != nil }.map(point), colour: 0),
                .init(
                    name: "dense", points: report.dense.map { [point($0)] } ?? [], colour: 5,
                    isReference: true),
            ], xMust: heading.isEmpty ? [0, 1] : [0.5, 1.1], heading: heading,
            width: heading.isEmpty ? LinePlot.width : 290,
            height: heading.isEmpty ? LinePlot.height : 250)
    }

    /// Of an evaluation that has just been made.
    public init(_ result: EvaluationResult) {
        self.init(EvaluationReport(results: result.json, records: nil))
    }

    public var svg: String { plot.svg }

    /// Writes the plot, whole or not at all.
    ///
    /// - Throws: `FileError`.
    public func write(to url: URL) throws {
        try AtomicFile.write(Data((svg + "\n").utf8), to: url)
    }
}
