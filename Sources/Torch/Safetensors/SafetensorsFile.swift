import Foundation

/// A safetensors file, mapped into memory with its header checked in full.
///
/// Opening reads only the header; a tensor's bytes come from the disk when they are touched.
///
/// Source: the format's description at https://github.com/huggingface/safetensors.
public final class SafetensorsFile: Sendable {
    /// The file's content. A tensor over it keeps this object, and starts at
    /// `mapping.bytes.baseAddress` plus `entry.range.lowerBound`.
    public let mapping: MappedFile
    /// The tensors by name.
    public let entries: [String: SafetensorsEntry]
    /// The names in the order of the data.
    public let names: [String]
    /// The texts that the writer of the file added, such as `format`.
    public let metadata: [String: String]

    /// The path, as it was given.
    public var path: String {
        mapping.path
    }

    /// Opens a file.
    ///
    /// - Throws: `FileError` if it cannot be read; `SafetensorsError` if it breaks the format.
    public init(_ url: URL) throws {
        let mapping = try MappedFile(url)
        let header = try withExtendedLifetime(mapping) {
            try SafetensorsHeader(UnsafeRawBufferPointer(mapping.bytes), file: mapping.path)
        }
        self.mapping = mapping
        entries = header.entries
        names = header.names
        metadata = header.metadata
    }

    /// The entry of a tensor.
    ///
    /// - Throws: `SafetensorsError.noTensor`.
    public func entry(_ name: String) throws -> SafetensorsEntry {
        guard let entry = entries[name] else {
            throw SafetensorsError.noTensor(file: path, tensor: name)
        }
        return entry
    }

    /// Calls `body` with a tensor's bytes, which are valid only during the call. They may be
    /// changed; the file does not change with them (see ``MappedFile``).
    ///
    /// - Throws: `SafetensorsError.noTensor`, and what `body` throws.
    public func withBytes<Result>(
        of name: String, _ body: (UnsafeMutableRawBufferPointer) throws -> Result
    ) throws -> Result {
        let range = try entry(name).range
        return try withExtendedLifetime(mapping) {
            try body(UnsafeMutableRawBufferPointer(rebasing: mapping.bytes[range]))
        }
    }

    /// Gives the memory that a tensor's bytes took when they were read back to the system, for one who has
    /// copied them; see ``MappedFile``. They must not have been changed.
    ///
    /// - Throws: `SafetensorsError.noTensor`.
    public func forget(_ name: String) throws {
        mapping.forget(try entry(name).range)
    }
}
