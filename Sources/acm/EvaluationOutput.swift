import Evaluation
import Foundation
import Preprocessing
import Torch

/// Where an evaluation writes, and what it says of itself.
struct EvaluationOutput {
    /// nil where no report is asked for.
    let folder: URL?
    let about: JSONValue
    /// What is kept until the evaluation has ended; nil without a folder.
    let parts: EvaluationParts?
    let progress: CountProgress
    private let total: Int

    /// - Parameters:
    ///   - folder: nil where no report is asked for.
    ///   - about: what was evaluated on what.
    ///   - identity: tells models, data and options.
    ///   - total: samples in all.
    init(folder: URL?, about: JSONValue, identity: String, total: Int) {
        self.folder = folder
        self.about = about
        parts = folder.map {
            EvaluationParts(
                $0.appendingPathComponent(EvaluationParts.folderName), identity: identity, about: about)
        }
        self.total = total
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

    /// Writes the results, what was found of each sample, single samples, and the page, where a folder is named.
    ///
    /// What cannot be shown is named on the page and on standard error; no number depends on it.
    ///
    /// - Parameters:
    ///   - results: the content of `results.json`.
    ///   - records: what was found of each sample.
    ///   - classNames: of the data, by label.
    ///   - requirements: what must be reached.
    ///   - examples: looks closer at some of the samples.
    /// - Throws: ``RequirementNotMet``, what writing throws.
    func write(
        _ results: JSONValue, _ records: SampleRecords?, classNames: [String]?,
        _ requirements: RequirementOptions, examples: (SampleRecords) throws -> [SampleExample]
    ) throws {
        if let folder {
            var missing: [String] = []
            if let records, records.count < total {
                missing.append(
                    "\(total - records.count) of \(total) samples cannot be read and are left out.")
            }
            try write(results, missing, folder)
            try records?.write(to: folder.appendingPathComponent(SampleRecords.fileName))
            if let table = records?.predictions(classNames: classNames ?? []) {
                try AtomicFile.write(Data(table.utf8), to: folder.appendingPathComponent("predictions.tsv"))
            }
            if let problem = try write({ try records.map(examples) ?? [] }, folder) {
                Self.tell(problem)
                try write(results, missing + [problem], folder)
            }
            try writePage(folder)
        }
        let required = try requirements.parsed()
        guard !required.isEmpty else { return }
        let report = EvaluationReport(results: results, records: records)
        try RequirementNotMet.check(required.map { try $0.check(report) })
    }

    private func write(_ results: JSONValue, _ missing: [String], _ folder: URL) throws {
        guard case .object(var object) = results else { return }
        object["about"] = about
        if !missing.isEmpty { object["missing"] = .array(missing.map { .string($0) }) }
        try JSONValue.object(object).write(to: folder.appendingPathComponent("results.json"))
    }

    /// - Returns: a sentence that says what cannot be shown, and why; nil where all can.
    private func write(_ examples: () throws -> [SampleExample], _ folder: URL) throws -> String? {
        let url = folder.appendingPathComponent(SampleExample.fileName)
        // Of an evaluation before this one.
        if FileManager.default.fileExists(atPath: url.path) { try FileManager.default.removeItem(at: url) }
        let found: [SampleExample]
        do { found = try examples() } catch {
            return "Single samples cannot be shown: \(error.localizedDescription)"
        }
        guard !found.isEmpty else { return nil }
        try SampleExample.write(found, to: url)
        guard found.contains(where: \.lacksImage), let reason = MediaLibrary.problem else { return nil }
        return "Single samples are shown without their images: \(reason)."
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
        Self.tell("Wrote \(page.relativePath)")
    }

    private static func tell(_ text: String) { StandardError.write("\(text)\n") }
}
