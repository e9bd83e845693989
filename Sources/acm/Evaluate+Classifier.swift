import AdaptiveComputation
import Conversion
import Datasets
import Evaluation
import Foundation
import Torch
import Transformers

extension Evaluate {
    /// Whether the model is measured by its own classifier: without the dense one beside it, and without
    /// features to collect.
    func isClassifierAlone() throws -> Bool {
        guard dense == nil, data != nil, features.file == nil else { return false }
        return try ModelFolder.architecture(URL(fileURLWithPath: model)).task == .classification
    }

    /// Accuracy of a classifier, dense or converted, at each budget.
    func evaluateClassifier(_ data: String, _ badSamples: BadSamples) throws {
        let test = try open(data, split ?? "test", URL(fileURLWithPath: model), limit: samples, badSamples)
        guard test.classNames != nil else {
            throw ConversionError.data("\(data) has no labels: the accuracy of a classifier needs them")
        }
        let (model, device, _) = try options.load(self.model)
        let output = output("classifier", model, test)
        let result = try output.prepared {
            try ClassifierEvaluation(
                model, test, budgets: budgetValues, options: evaluationOptions(output, device))
        }
        print(json ? try result.json.text() : result.table.text)
        try output.write(result.json, result.records, classNames: test.classNames, requirements) {
            try ExampleCollector(model, dense: nil, dataset: test, device: device).collect($0)
        }
    }
}
