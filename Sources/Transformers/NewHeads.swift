import Torch

extension Architecture {
    /// The classifier of the same kind of model: itself where it is one. nil for models that have none,
    /// and for those that are only run as classifiers, not trained.
    public var classifier: Architecture? {
        guard name != "DeiTForImageClassificationWithTeacher" else { return nil }
        return task == .classification
            ? self : Self.all.first { $0.modelType == modelType && $0.task == .classification }
    }

    /// The recogniser of letters of the same kind of model: itself where it is one; nil for models that have
    /// none.
    public var recogniser: Architecture? {
        task == .ctc ? self : Self.all.first { $0.modelType == modelType && $0.task == .ctc }
    }
}

extension JSONValue {
    /// A `config.json` for a recogniser of other letters, as transformers writes it.
    ///
    /// - Parameters:
    ///   - architecture: the recogniser's name.
    ///   - classCount: letters, the blank among them.
    ///   - blank: the class that stands for no letter.
    public func describingRecogniser(_ architecture: String, classCount: Int, blank: Int) -> JSONValue {
        guard case .object(var object) = self else { return self }
        object["architectures"] = .array([.string(architecture)])
        object["vocab_size"] = .integer(classCount)
        object["pad_token_id"] = .integer(blank)
        return .object(object)
    }

    /// A `config.json` for a classifier of other classes, as transformers writes it: with `architectures`,
    /// `id2label`, `label2id`, and `num_labels` where it had been there.
    ///
    /// - Parameters:
    ///   - architecture: the classifier's name.
    ///   - classNames: in the order of the logits.
    public func describingClassifier(_ architecture: String, classNames: [String]) -> JSONValue {
        guard case .object(var object) = self else { return self }
        var names = JSONObject()
        var numbers = JSONObject()
        for (number, name) in classNames.enumerated() {
            names["\(number)"] = .string(name)
            numbers[name] = .integer(number)
        }
        object["architectures"] = .array([.string(architecture)])
        object["id2label"] = .object(names)
        object["label2id"] = .object(numbers)
        if object["num_labels"] != nil { object["num_labels"] = .integer(classNames.count) }
        return .object(object)
    }
}
