import ArgumentParser
import Foundation

/// A file that a command writes.
struct OutputFile {
    /// How the command line calls it.
    let option: String
    let path: String

    /// - Parameter inputs: files and folders that the command reads; those that are nil count for nothing.
    /// - Throws: `ValidationError` where it is one of the files, or a file that is there in one of the folders.
    func validate(inputs: [String?]) throws {
        let place = Self.resolved(path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder), !isFolder.boolValue
        else { return }
        for input in inputs.compactMap({ $0.map(Self.resolved) })
        where place == input || place.hasPrefix("\(input)/") {
            throw ValidationError(
                "\(option) \"\(path)\" is read, or lies in a folder that is read: name another file")
        }
    }

    /// Without links, and without what leads up and down again.
    static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
}
