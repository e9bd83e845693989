import ArgumentParser
import Foundation
import Torch

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

    /// Makes sure that the file can be written before long work.
    ///
    /// - Throws: `FileError` where it is a folder, or lies in one that is not there or takes no files.
    func requireWritable() throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw FileError(operation: "write", path: path, code: EISDIR)
        }
        guard FileManager.default.fileExists(atPath: folder.path) else {
            throw FileError.noFolder(path: path, folder: folder.relativePath)
        }
        guard access(folder.path, W_OK) == 0 else {
            throw FileError(operation: "write", path: path, code: errno)
        }
    }

    /// Without links, and without what leads up and down again.
    static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
}
