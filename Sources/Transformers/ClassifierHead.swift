import Torch

extension Architecture {
    /// The classifier of the same kind of model: itself where it is one. nil for models that have none,
    /// and for those that are only run as classifiers, not trained.
    public var classifier: Architecture? {
        guard name != "DeiTForImageClassificationWithTeacher" else { return nil }
        return task == .classification
            ? self : Self.all.first { $0.modelType == modelType && $0.task == .classification }
    }
}

extension JSONValue {
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

extension TransformerModel {
    /// Draws all parameters as transformers does for a new model: biases 0, scales of norms 1, all
    /// others from a normal distribution whose deviation `config.json` gives as `initializer_range`,
    /// 0.02 where it does not; layer scales start at its `layerscale_value`.
    ///
    /// - Parameter names: the parameters to draw, by their paths; nil draws all.
    /// - Throws: `JSONError` for a value that makes no sense.
    public func reset(only names: Set<String>? = nil) throws {
        let reader = try JSONObjectReader(configuration, source: "config.json")
        let deviation = try reader.double("initializer_range", default: 0.02, in: 0...1)
        let scale = try reader.double("layerscale_value", default: 1, in: 0...1e6)
        try withoutGradients {
            for (name, tensor) in namedParameters() where names?.contains(name) ?? true {
                switch name.split(separator: ".").last {
                case "bias": try tensor.fillInPlace(0)
                case "scale": try tensor.fillInPlace(scale)
                case "weight" where tensor.rank == 1: try tensor.fillInPlace(1)
                default: try tensor.fillNormalInPlace(deviation: deviation)
                }
            }
        }
    }
}
