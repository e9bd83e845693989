import Torch

/// What the `config.json` of several architectures has in common.
extension JSONObjectReader {
    /// The activation of a key by Hugging Face's names.
    func activation(_ key: String, default name: String = "gelu") throws -> Activation {
        let name = try string(key, default: name)
        guard let activation = Activation(configurationName: name) else {
            let others = ["gelu_new", "swish", "linear"]
            let supported = Activation.allCases.filter { $0 != .identity }.map(\.rawValue) + others
            throw ModelError.unsupported(
                file: source, what: key, found: name, supported: supported)
        }
        return activation
    }

    /// Height and width: one integer for both, or an array of two.
    func size(_ key: String, default value: Int, in range: ClosedRange<Int>) throws -> [Int] {
        guard let found = object[key] else { return [value, value] }
        guard found.arrayValue != nil else {
            let side = try integer(key, in: range)
            return [side, side]
        }
        let sides = try integers(key, in: range)
        guard sides.count == 2 else {
            throw invalid(key, expected: "an integer or an array of two integers")
        }
        return sides
    }

    /// `num_labels`, or the number of `id2label`'s entries, or 2 as in transformers.
    func classCount() throws -> Int {
        if let count = try optionalInteger("num_labels", in: 1...10_000_000) { return count }
        guard let labels = try optionalObject("id2label") else { return 2 }
        guard !labels.object.keys.isEmpty else {
            throw invalid("id2label", expected: "an object with at least one class")
        }
        return labels.object.keys.count
    }

    /// A name for each class; placeholders of transformers count as numbers.
    func classNames() throws -> [String] {
        let numbers = try (0..<classCount()).map(String.init)
        guard let labels = try optionalObject("id2label") else { return numbers }
        let names = try numbers.map { try labels.string($0) }
        return names == numbers.map { "LABEL_\($0)" } ? numbers : names
    }
}
