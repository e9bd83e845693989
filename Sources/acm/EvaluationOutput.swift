import Evaluation
import Foundation
import Torch

/// Where an evaluation writes, and what it says of itself.
struct EvaluationOutput {
    /// nil where no report is asked for.
    let folder: URL?
    let about: JSONValue
    /// What is kept until the evaluation has ended; nil without a folder.
    let parts: EvaluationParts?
    let progress: CountProgress

    /// - Parameters:
    ///   - folder: nil where no report is asked for.
    ///   - about: what was evaluated on what.
    ///   - identity: tells models, data and options.
    ///   - total: samples in all.
    init(folder: URL?, about: JSONValue, identity: String, total: Int) {
        self.folder = folder
        self.about = about
        parts = folder.map { EvaluationParts($0.appendingPathComponent("parts"), identity: identity) }
        progress = CountProgress("samples", of: total)
    }

    /// Tells a model's folder from what it was before its files changed.
    static func identity(of path: String) -> String {
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: path).sorted()) ?? []
        return path
            + names.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".json") }.map { name in
                let facts = try? files.attributesOfItem(atPath: "\(path)/\(name)")
                let date = (facts?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
                return ",\(name) \(facts?[.size] ?? 0) \(date)"
            }.joined()
    }

    /// Runs an evaluation, whose folder is there before long work begins.
    func prepared<Value>(_ work: () throws -> Value) throws -> Value {
        defer { progress.finish() }
        guard let folder else { return try work() }
        return try OutputFolder(folder.path).prepared(work)
    }

    /// Writes the results, what was found of each sample, what `more` writes, and the page, where a folder is named.
    ///
    /// - Parameters:
    ///   - results: the content of `results.json`.
    ///   - records: what was found of each sample.
    ///   - classNames: of the data, by label.
    ///   - requirements: what must be reached.
    ///   - more: gets the folder.
    /// - Throws: ``RequirementNotMet``, what writing throws.
    func write(
        _ results: JSONValue, _ records: SampleRecords?, classNames: [String]?,
        _ requirements: RequirementOptions,
        _ more: (URL) throws -> Void
    ) throws {
        if let folder {
            var results = results
            if case .object(var object) = results {
                object["about"] = about
                results = .object(object)
            }
            try results.write(to: folder.appendingPathComponent("results.json"))
            try records?.write(to: folder.appendingPathComponent(SampleRecords.fileName))
            if let table = records?.predictions(classNames: classNames ?? []) {
                try AtomicFile.write(Data(table.utf8), to: folder.appendingPathComponent("predictions.tsv"))
            }
            try more(folder)
            try writePage(folder)
        }
        let required = try requirements.parsed()
        guard !required.isEmpty else { return }
        let report = EvaluationReport(results: results, records: records)
        try RequirementNotMet.check(required.map { try $0.check(report) })
    }

    /// Writes how models do on corrupted images, and the page.
    func write(_ robustness: RobustnessResult) throws {
        guard let folder else { return }
        try robustness.json.write(to: folder.appendingPathComponent(RobustnessResult.fileName))
        try writePage(folder)
    }

    private func writePage(_ folder: URL) throws {
        try parts?.remove()
        let page = folder.appendingPathComponent("report.html")
        try ReportPage([EvaluationReport(folder)]).write(to: page)
        FileHandle.standardError.write(Data("Wrote \(page.relativePath)\n".utf8))
    }
}
