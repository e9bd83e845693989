import AdaptiveComputation
import Conversion
import Datasets
import Evaluation
import Foundation
import Preprocessing
import Transformers

extension Evaluate {
    /// Whether the model is measured by its own transcripts: without the dense one beside it, on recordings
    /// with texts, and without features to collect.
    func isRecogniserAlone() throws -> Bool {
        guard dense == nil, data != nil, features.file == nil else { return false }
        return try ModelFolder.architecture(URL(fileURLWithPath: model)).task == .ctc
    }

    /// Error rates of a recogniser of letters, dense or converted, at each budget.
    func evaluateRecogniser(_ data: String, _ badSamples: BadSamples) throws {
        let folder = URL(fileURLWithPath: model)
        let test = try open(data, split ?? "test", folder, limit: samples, badSamples)
        guard (test.base as? AudioDataset)?.store.texts != nil else {
            throw ConversionError.data(
                "\(data) has no texts: the error rates of a recogniser need what is said in the recordings")
        }
        let (model, device, _) = try options.load(self.model)
        let output = output("recogniser", model, test)
        let speech = try SpeechScoring(CTCTokenizer(folder: folder), normalization.value())
        let result = try output.prepared {
            try RecogniserEvaluation(
                model, test, speech, budgets: budgetValues, options: evaluationOptions(output, device))
        }
        print(json ? try result.json.text() : result.table.text)
        try output.write(result.json, result.records, classNames: nil, requirements) {
            try ExampleCollector(model, dense: nil, dataset: test, speech: speech, device: device)
                .collect($0)
        }
    }
}

extension Dataset {
    /// What the samples are some of; itself where they are all.
    fileprivate var base: any Dataset { (self as? SampleSubset)?.base ?? self }
}
