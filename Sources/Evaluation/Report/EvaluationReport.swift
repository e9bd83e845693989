import Foundation
import Torch

/// What the folder of an evaluation holds, as far as it can be read.
public struct EvaluationReport: Sendable {
    /// How the report is called on the page.
    public var name: String
    /// Where it was read, for messages.
    public let place: String
    /// What was evaluated on what: keys as `acm evaluate` writes them below `about`.
    let about: JSONValue
    let runs: [ReportRun]
    let sampleCount: Int?
    let meanTokenCount: Double?
    /// Seconds of a recording; nil where it is not known.
    let meanDuration: Double?
    let device: String?
    public let records: SampleRecords?
    let examples: [SampleExample]
    let robustness: RobustnessResult?
    /// Sentences that say what is missing or cannot be read.
    public let problems: [String]

    /// Reads a folder that `acm evaluate --report` wrote.
    ///
    /// - Parameters:
    ///   - folder: what is missing in it, or cannot be read, is told in ``problems``.
    ///   - bootstrap: how intervals are computed.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for a folder that has nothing of an evaluation, `FileError` where
    ///   there is none.
    public init(_ folder: URL, bootstrap: Bootstrap = Bootstrap()) throws {
        var problems: [String] = []
        func read<Value>(_ name: String, _ missing: String?, _ read: (URL) throws -> Value) -> Value? {
            let url = folder.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: url.path) else {
                if let missing { problems.append("\(name) is missing: \(missing).") }
                return nil
            }
            do { return try read(url) } catch {
                problems.append("\(name) cannot be read: \(error.localizedDescription)")
                return nil
            }
        }
        guard FileManager.default.fileExists(atPath: folder.path) else {
            throw FileError.notFound(operation: "read", path: folder.relativePath)
        }
        let stopped = read(EvaluationParts.folderName, nil) { try StoppedEvaluation($0) }
        let results = read("results.json", stopped == nil ? "no results can be shown" : nil) {
            try JSONObjectReader(contentsOf: $0)
        }.map { JSONValue.object($0.object) }
        let written = read(
            SampleRecords.fileName, stopped == nil ? "there are no intervals, and no loads of samples" : nil
        ) {
            try SampleRecords(contentsOf: $0)
        }
        let isOfParts = results == nil && written == nil
        let records = isOfParts ? stopped?.records : written
        if let stopped {
            let progress = "was stopped after \(stopped.records.count) of \(stopped.sampleCount) samples"
            problems.append(
                isOfParts
                    ? "The evaluation \(progress): the same acm evaluate command goes on there. What runs cost, "
                        + "times and loads of modules are not known yet."
                    : "A later evaluation into this folder \(progress); what is shown is of the one before.")
        }
        let examples = read(SampleExample.fileName, nil) { try SampleExample.read($0) } ?? []
        let robustness = read(RobustnessResult.fileName, nil) {
            try RobustnessResult(JSONObjectReader(contentsOf: $0))
        }
        guard results != nil || records != nil || robustness != nil else {
            throw EvaluationError.mismatch(
                "\(folder.relativePath) holds no evaluation: expected results.json as acm evaluate --report writes it"
                    + (problems.first.map { "; \($0.hasSuffix(".") ? String($0.dropLast()) : $0)" } ?? ""))
        }
        if let own = results?["about"]?["model"], let other = robustness?.about["model"], own != other {
            problems.append("robustness.json is of another model, \(other.stringValue ?? "without a name").")
        }
        self.init(
            results ?? [:], records, about: isOfParts ? stopped?.about : nil, examples: examples,
            robustness: robustness, place: folder.relativePath, problems: problems, bootstrap: bootstrap)
    }

    /// Of an evaluation that has just been made.
    ///
    /// - Parameters:
    ///   - results: as `results.json` has them.
    ///   - records: what was found of each sample.
    public init(results: JSONValue, records: SampleRecords?) {
        self.init(
            results, records, about: nil, examples: [], robustness: nil, place: "The evaluation",
            problems: [],
            bootstrap: Bootstrap())
    }

    private init(
        _ results: JSONValue, _ records: SampleRecords?, about: JSONValue?, examples: [SampleExample],
        robustness: RobustnessResult?, place: String, problems: [String], bootstrap: Bootstrap
    ) {
        var problems = problems + (results["missing"]?.arrayValue ?? []).compactMap(\.stringValue)
        var runs = Self.runs(results, &problems)
        if results.objectValue?.keys.isEmpty == false, runs.isEmpty, robustness == nil {
            problems.append("results.json has no runs of a model: it is another kind of results.")
        }
        if let records { Self.add(records, bootstrap, to: &runs) }
        if let place = runs.firstIndex(where: { $0.budget == nil }) {
            for quality in Quality.allCases where runs.contains(where: { $0.qualities[quality] != nil }) {
                runs[place].qualities[quality] = quality.denseValue ?? runs[place].qualities[quality]
            }
        }
        self.runs = runs
        self.examples = examples
        self.robustness = robustness
        self.about = results["about"] ?? about ?? robustness?.about ?? [:]
        sampleCount = results["samples"]?.integerValue ?? records?.count
        meanTokenCount =
            results["mean_tokens"]?.doubleValue
            ?? records.map { Double($0.tokenCounts.reduce(0, +)) / Double(max($0.count, 1)) }
        meanDuration = results["mean_seconds"]?.doubleValue
        device = results["device"]?.stringValue
        self.records = records
        self.place = place
        let model = self.about["model"]?.stringValue ?? place
        name = model.split(separator: "/").suffix(2).joined(separator: "/")
        self.problems = problems
    }

    private static func runs(_ results: JSONValue, _ problems: inout [String]) -> [ReportRun] {
        var runs: [ReportRun] = []
        if let dense = results["dense"] {
            var run = ReportRun(dense, budget: nil)
            run.milliseconds =
                results["budgets"]?.arrayValue?.compactMap {
                    $0["dense_milliseconds_per_sample"]?.doubleValue
                }
                .first
            runs.append(run)
        }
        for entry in (results["budgets"] ?? results["results"])?.arrayValue ?? [] {
            let budget = entry["budget"]
            guard budget?.isNull != false || budget?.doubleValue.map((0...1).contains) == true else {
                problems.append("results.json has a run whose budget is no number in 0...1; it is left out.")
                continue
            }
            runs.append(ReportRun(entry, budget: budget?.doubleValue))
        }
        for run in runs where run.macs == nil {
            problems.append("results.json does not say what \(run.name) costs.")
        }
        return runs
    }

    /// Intervals over samples, and runs of which nothing but samples is known.
    private static func add(_ records: SampleRecords, _ bootstrap: Bootstrap, to runs: inout [ReportRun]) {
        for run in records.runs {
            let place =
                runs.firstIndex { $0.budget == run.budget }
                ?? {
                    runs.append(ReportRun(budget: run.budget))
                    return runs.count - 1
                }()
            for quality in Quality.allCases {
                guard let terms = quality.terms(run), let interval = bootstrap.interval(terms) else {
                    continue
                }
                runs[place].intervals[quality] = interval
                runs[place].qualities[quality] = interval.estimate
            }
            if let loads = run.values[.load], runs[place].load == nil {
                runs[place].load = SampleTerms(loads.map(Double.init)).value
            }
        }
    }

    /// Seconds that a second of a recording takes; nil where it is not known.
    func realTimeFactor(_ run: ReportRun) -> Double? {
        guard let milliseconds = run.milliseconds, let meanDuration, meanDuration > 0 else { return nil }
        return milliseconds / 1000 / meanDuration
    }

    var dense: ReportRun? { runs.first { $0.budget == nil } }

    /// Whether every token runs the same: a uniform-width cut, which gates must beat.
    var isUniformCut: Bool { about["kind"]?.stringValue == "uniform" }

    /// What the runs are judged by before all else; nil where nothing is known.
    var mainQuality: Quality? {
        [.top1, .wordErrorRate, .spearman, .probe, .cosine, .loss].first { quality in
            runs.contains { $0.qualities[quality] != nil && ($0.budget != nil || $0.qualities[.top1] != nil) }
        }
    }
}
