import Torch

extension BERTModel {
    static let architectures = [
        Architecture("BertModel", modelType: "bert", task: .embedding) {
            try make($0, hasPrefix: false)
        },
        Architecture("BertForSequenceClassification", modelType: "bert", task: .classification) {
            try make($0, isClassifier: true)
        },
        // Of these the heads are left out.
        Architecture("BertForMaskedLM", modelType: "bert", task: .embedding) {
            try make($0, dropsHeads: true)
        },
        Architecture("BertForPreTraining", modelType: "bert", task: .embedding) {
            try make($0, dropsHeads: true)
        },
    ]

    private static func make(
        _ description: ModelDescription, hasPrefix: Bool = true, isClassifier: Bool = false,
        dropsHeads: Bool = false
    ) throws -> BERTModel {
        let prefix = hasPrefix ? "bert." : ""
        let norm = "\(prefix)embeddings.LayerNorm"
        let hasTensor = description.hasTensor
        return try BERTModel(
            configuration: description.configuration, sizes: BERTConfiguration(description.reader),
            hasPooler: isClassifier || hasTensor("\(prefix)pooler.dense.weight"),
            classCount: isClassifier ? description.reader.classCount() : nil,
            nameTable: nameTable(
                hasPrefix: hasPrefix,
                hasOldNorms: hasTensor("\(norm).gamma") && !hasTensor("\(norm).weight"),
                dropsHeads: dropsHeads))
    }
}
