import Foundation
import Torch

/// Samples in files of their own.
public struct SampleFiles: SampleStore {
    /// What `names` start from.
    public let folder: URL
    public let names: [String]
    public let labels: [Int]?
    public let texts: [String]?
    public let languages: [String?]?
    public let classNames: [String]?
    public let byteCounts: [Int]?
    /// The table that names the files, and the line of each.
    private let table: (file: String, lines: [Int])?

    public init(folder: URL, names: [String], labels: [Int]? = nil, classNames: [String]? = nil) {
        self.folder = folder
        self.names = names
        self.labels = labels
        self.classNames = classNames
        texts = nil
        languages = nil
        byteCounts = nil
        table = nil
    }

    /// Files that a table names, with a text for each.
    init(
        folder: URL, names: [String], texts: [String], languages: [String?]?, byteCounts: [Int],
        table: String,
        lines: [Int]
    ) {
        self.folder = folder
        self.names = names
        self.texts = texts
        self.languages = languages
        self.byteCounts = byteCounts
        self.table = (table, lines)
        labels = nil
        classNames = nil
    }

    public var count: Int { names.count }

    public func url(of index: Int) -> URL { folder.appendingPathComponent(names[index]) }

    public func name(of index: Int) -> String { "\(folder.relativePath)/\(names[index])" }

    public func place(of index: Int) -> String {
        let name = name(of: index)
        return table.map { "\(name) (\($0.file), line \($0.lines[index]))" } ?? name
    }

    public func read(_ index: Int) throws -> Data { try RegularFile(url(of: index)).contents() }
}
