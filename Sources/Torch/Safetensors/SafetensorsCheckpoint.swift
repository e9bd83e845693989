import Foundation

/// The weights of a Hugging Face model: one safetensors file, or shards with an index.
public struct SafetensorsCheckpoint: Sendable {
    static let fileName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    /// The files, in the order of their names.
    public let files: [SafetensorsFile]
    /// The names of all tensors, in the order of the files and of the data within each.
    public let names: [String]

    private let path: String
    private let fileIndices: [String: Int]

    /// Opens a model's folder, a `.safetensors` file, or a `.safetensors.index.json` file.
    ///
    /// In a folder `model.safetensors` goes before an index.
    ///
    /// - Throws: `SafetensorsError.unsupportedFormat` for pickled and other weights, `.noWeights`
    ///   if there are none, `.invalidIndex`, `.inconsistentShards`, or what ``SafetensorsFile``
    ///   throws.
    public init(_ url: URL) throws {
        let location = try SafetensorsLocation(url)
        switch location {
        case .file(let file):
            files = [try SafetensorsFile(file)]
        case .index(let file):
            files = try SafetensorsIndex(file).open()
        }
        path = url.relativePath

        var names: [String] = []
        var fileIndices: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            names.append(contentsOf: file.names)
            for name in file.names {
                fileIndices[name] = index
            }
        }
        self.names = names
        self.fileIndices = fileIndices
    }

    /// The texts that the writer of the first file added, such as `format`.
    public var metadata: [String: String] {
        files.first?.metadata ?? [:]
    }

    /// The file and the entry of a tensor; nil if there is none of this name.
    public func find(_ name: String) -> (file: SafetensorsFile, entry: SafetensorsEntry)? {
        guard let index = fileIndices[name], let entry = files[index].entries[name] else {
            return nil
        }
        return (files[index], entry)
    }

    /// Calls `body` with a tensor's bytes; see ``SafetensorsFile/withBytes(of:_:)``.
    ///
    /// - Throws: `SafetensorsError.noTensor`, and what `body` throws.
    public func withBytes<Result>(
        of name: String, _ body: (UnsafeMutableRawBufferPointer) throws -> Result
    ) throws -> Result {
        guard let (file, _) = find(name) else {
            throw SafetensorsError.noTensor(file: path, tensor: name)
        }
        return try file.withBytes(of: name, body)
    }
}
