import Datasets
import Evaluation
import Foundation
import Torch

extension Evaluate {
    /// A classifier's error, load and drift on corrupted images, beside that of the dense one if it is named.
    func evaluateCorruptions(_ data: String, _ badSamples: BadSamples) throws {
        let (adaptive, device, _) = try options.load(model)
        let teacher = try dense.map { try options.loadDense($0, of: adaptive, model) }
        let test = try open(data, split ?? "test", URL(fileURLWithPath: model), limit: samples, badSamples)
        let output = output("corruptions", adaptive, test)
        let evaluation = try RobustnessEvaluation(
            adaptive, dense: teacher, dataset: test, budgets: budgetValues,
            corruptions: CorruptionChoice.corruptions(corruptions ?? "all"),
            severities: CorruptionChoice.severities(severities), options: evaluationOptions(output, device))
        var result = try output.prepared { try evaluation.evaluate() }
        result.about = output.about
        print(json ? try result.json.text() : result.table.text)
        try output.write(result)
    }
}
