import Datasets
import Foundation
import Torch

/// What an evaluation had found when it was stopped.
struct StoppedEvaluation {
    let records: SampleRecords
    /// What is evaluated on what.
    let about: JSONValue
    /// Samples in all.
    let sampleCount: Int

    /// What the parts say of themselves.
    ///
    /// - Parameters:
    ///   - budgets: of the runs; nil stands for the dense model.
    ///   - dataset: what is measured on.
    static func facts(_ budgets: [Double?], _ dataset: any Dataset) -> [String: String] {
        [
            "runs": budgets.map(SampleRun.name).joined(separator: ","),
            "fingerprint": "\(dataset.fingerprint)", "samples": "\(dataset.count)",
        ]
    }

    /// - Parameter folder: with the parts, as ``EvaluationParts`` writes them.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for other files and none, `SafetensorsError` or `FileError`.
    init(_ folder: URL) throws {
        let files = try EvaluationParts.files(folder).map { try SafetensorsFile($0) }
        guard let facts = files.first?.metadata, let budgets = facts["runs"].flatMap(SampleRun.budgets),
            let fingerprint = facts["fingerprint"].flatMap({ UInt64($0) }),
            let count = facts["samples"].flatMap({ Int($0) })
        else {
            throw EvaluationError.mismatch(
                "\(folder.relativePath) is of an evaluation that cannot be shown before its end; the same acm "
                    + "evaluate command goes on with it.")
        }
        var whole = EvaluationPart(runCount: budgets.count)
        for file in files { whole.append(try EvaluationPart(file.tensors(), runCount: budgets.count)) }
        records = try SampleRecords(whole, budgets: budgets, fingerprint: fingerprint)
        about = try facts["about"].map { try JSONValue(parsing: $0) } ?? [:]
        sampleCount = count
    }
}
