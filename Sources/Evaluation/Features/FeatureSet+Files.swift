import Foundation
import Torch

extension FeatureSet {
    /// Writes a safetensors file of `features` and `labels`, with `names` and `class_names` as JSON
    /// arrays in its metadata.
    ///
    /// - Throws: `FileError`.
    public func write(to url: URL) throws {
        func text(_ list: [String]) throws -> String {
            try JSONValue.array(list.map { .string($0) }).text(.compact)
        }
        try SafetensorsWriter.write(
            [("features", features), ("labels", labels)], to: url,
            metadata: ["format": "pt", "names": text(names), "class_names": text(classNames)])
    }

    /// Reads what ``write(to:)`` wrote.
    ///
    /// - Throws: ``EvaluationError/mismatch(_:)``, `SafetensorsError`, `JSONError` or `FileError`.
    public init(contentsOf url: URL) throws {
        let file = try SafetensorsFile(url)
        func list(_ key: String) throws -> [String] {
            guard let text = file.metadata[key] else {
                throw EvaluationError.mismatch(
                    "\(url.relativePath) holds no features: its metadata has no \"\(key)\"")
            }
            let value = try JSONValue(parsing: text, source: "\(url.relativePath), \(key)")
            guard let items = value.arrayValue?.map(\.stringValue), !items.contains(nil) else {
                throw EvaluationError.mismatch(
                    "\(url.relativePath): \"\(key)\" of the metadata must be an array of texts")
            }
            return items.compactMap { $0 }
        }
        let (names, classNames) = (try list("names"), try list("class_names"))
        try self.init(
            features: file.tensor("features"), labels: file.tensor("labels"), names: names,
            classNames: classNames)
    }
}
