import ArgumentParser
import Foundation
import Torch

/// The folder that a training writes.
struct OutputFolder {
    let path: String

    init(_ path: String) { self.path = path }

    /// - Throws: `ValidationError` where it is the model's own, or holds what a training has finished.
    func validate(model: String) throws {
        func resolved(_ path: String) -> String {
            URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
        }
        guard resolved(model) != resolved(path) else {
            throw ValidationError("--output must be another folder than the model's, found \"\(path)\"")
        }
        let folder = URL(fileURLWithPath: path)
        func holds(_ name: String) -> Bool {
            FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
        }
        // A training writes its model last, and then removes its checkpoint.
        guard !holds("config.json") || holds("checkpoint") else {
            throw ValidationError(
                "--output \"\(path)\" holds a finished model: name another folder, or remove it to train anew"
            )
        }
    }

    /// Makes sure that the folder can be written before long work, and takes an empty one away when that
    /// fails.
    func prepared<Value>(_ work: () throws -> Value) throws -> Value {
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard files.isWritableFile(atPath: path) else {
            throw FileError.notPermitted(operation: "write", path: path, code: EACCES)
        }
        do {
            return try work()
        } catch {
            if try files.contentsOfDirectory(atPath: path).isEmpty { try files.removeItem(atPath: path) }
            throw error
        }
    }
}
