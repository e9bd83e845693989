import Foundation
import Torch

/// The classes of a dataset in the order of their labels, each with the folder that has its samples.
///
/// Read from `classes.txt` (a folder's name a line and, after a tab, perhaps the class's name) or
/// from ImageNet's `LOC_synset_mapping.txt` (a synset and, after a space, its name).
struct ClassList: Sendable, Equatable {
    let folders: [String]
    /// The classes' names where the list has them, else the folders'.
    let names: [String]
    let file: String

    init(_ url: URL) throws {
        let lines = try TextLines(url)
        try lines.refuseBroken(BadSamples())
        let separator: Character = url.lastPathComponent == Self.synsetMapping ? " " : "\t"
        let cells = lines.lines.filter { !$0.text.isEmpty }.map {
            $0.text.split(separator: separator, maxSplits: 1).map(String.init)
        }
        if cells.isEmpty { throw DatasetError.empty(file: lines.file) }
        folders = cells.map { $0.first ?? "" }
        names = cells.map { $0.last ?? "" }
        file = lines.file
        if Set(folders).count < folders.count {
            throw DatasetError.unreadable(file: file, "names a class twice")
        }
    }

    static let synsetMapping = "LOC_synset_mapping.txt"

    /// The list that goes with a folder: in it, beside it, or for ImageNet further up.
    static func find(for folder: URL) throws -> ClassList? {
        var place = folder.standardizedFileURL
        for level in 0..<5 {
            for name in level < 2 ? ["classes.txt", synsetMapping] : [synsetMapping] {
                let url = place.appendingPathComponent(name)
                if FileManager.default.fileExists(atPath: url.path) { return try ClassList(url) }
            }
            if place.path == "/" { break }
            place.deleteLastPathComponent()
        }
        return nil
    }
}
