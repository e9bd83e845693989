import Foundation
import Torch

/// Common Voice's layout: tables `train.tsv`, `dev.tsv`, `test.tsv` and others, with the columns
/// `path`, `sentence` and perhaps `locale`, and the recordings in `clips/`.
///
/// The tables are read without quoting: a quotation mark is part of its sentence.
public enum CommonVoice {
    /// Whether a folder has this layout.
    static func matches(_ listing: FolderListing) -> Bool {
        listing.folders.contains("clips") && listing.files.contains { $0.hasSuffix(".tsv") }
    }

    /// The clips of one table and their sentences.
    ///
    /// - Parameters:
    ///   - folder: the one with the tables and `clips/`.
    ///   - split: the table's name without `.tsv`; nil takes `train`.
    ///   - badSamples: whether rows with too few columns, without a sentence, or whose clip is missing
    ///     are left out.
    /// - Throws: ``DatasetError`` naming file and line.
    public static func files(
        _ folder: URL, split: String?, badSamples: BadSamples = BadSamples()
    ) throws -> SampleFiles {
        let split = split ?? "train"
        let url = folder.appendingPathComponent("\(split).tsv")
        guard FileManager.default.fileExists(atPath: url.path) else {
            let tables = try FolderListing(folder.path).files.filter { $0.hasSuffix(".tsv") }
            throw DatasetError.noSplit(
                file: folder.relativePath, split: split, found: tables.map { String($0.dropLast(4)) })
        }
        let table = try TabTable(url, badSamples)
        let pathColumn = try table.column("path")
        let sentenceColumn = try table.column("sentence")
        let languageColumn = languageColumn(table)
        let clips = folder.appendingPathComponent("clips")
        // One listing is cheaper than asking for a million files one by one.
        let clipNames = Set(try FolderListing(clips.path).files)
        var names: [String] = []
        var texts: [String] = []
        var languages: [String?] = []
        var lines: [Int] = []
        for row in table.rows {
            func refuse(_ problem: String) throws {
                guard badSamples.areSkipped else {
                    throw DatasetError.line(file: table.file, row.number, problem)
                }
                try badSamples.add("\(table.file), line \(row.number)", problem)
            }
            let path = row.cells[pathColumn]
            // The first releases left the suffix out.
            guard let name = [path, "\(path).mp3"].first(where: clipNames.contains) else {
                try refuse("there is no clip \(clips.relativePath)/\(path)")
                continue
            }
            let text = row.cells[sentenceColumn].trimmingCharacters(in: .whitespaces)
            if text.isEmpty {
                try refuse("the sentence is empty")
                continue
            }
            names.append(name)
            texts.append(text)
            languages.append(language(row, languageColumn))
            lines.append(row.number)
        }
        if names.isEmpty { throw DatasetError.empty(file: table.file) }
        let durations = try durations(folder)
        let known = names.compactMap { durations[$0] }
        // Else bytes, which for MP3 grow with the duration.
        let counts =
            try known.count == names.count
            ? known : names.map { try RegularFile.byteCount("\(clips.path)/\($0)") }
        return SampleFiles(
            folder: clips, names: names, texts: texts, languages: languageColumn == nil ? nil : languages,
            byteCounts: counts, table: table.file, lines: lines)
    }

    /// What is said in a clip.
    public struct Sentence: Sendable, Equatable {
        public let text: String
        /// The code of its language; nil where the table does not tell it.
        public let language: String?
    }

    /// What is said in each clip of a table, by the clips' names.
    ///
    /// - Throws: ``DatasetError`` naming file and line, for a name that comes twice too.
    public static func sentences(
        _ url: URL, badSamples: BadSamples = BadSamples()
    ) throws -> [String: Sentence] {
        let table = try TabTable(url, badSamples)
        let path = try table.column("path")
        let text = try table.column("sentence")
        let languageColumn = languageColumn(table)
        var sentences: [String: Sentence] = [:]
        for row in table.rows {
            let sentence = Sentence(text: row.cells[text], language: language(row, languageColumn))
            guard sentences.updateValue(sentence, forKey: row.cells[path]) != nil else { continue }
            throw DatasetError.line(file: table.file, row.number, "\(row.cells[path]) is there twice")
        }
        return sentences
    }

    /// Common Voice calls it `locale`, others `language`.
    private static func languageColumn(_ table: TabTable) -> Int? {
        table.header.firstIndex(of: "locale") ?? table.header.firstIndex(of: "language")
    }

    private static func language(_ row: TabTable.Row, _ column: Int?) -> String? {
        column.map { row.cells[$0].trimmingCharacters(in: .whitespaces) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Milliseconds of each clip, where the release says them.
    private static func durations(_ folder: URL) throws -> [String: Int] {
        let url = folder.appendingPathComponent("clip_durations.tsv")
        guard FileManager.default.fileExists(atPath: url.path) else { return [:] }
        let table = try TabTable(url, BadSamples())
        let clip = try table.column("clip")
        guard let duration = table.header.firstIndex(where: { $0.hasPrefix("duration") }) else { return [:] }
        return Dictionary(
            table.rows.compactMap { row in Int(row.cells[duration]).map { (row.cells[clip], $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}
