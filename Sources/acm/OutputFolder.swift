import ArgumentParser
import Foundation
import Torch

/// The folder that a training writes.
struct OutputFolder {
    let path: String

    init(_ path: String) { self.path = path }

    /// - Throws: `ValidationError` where it is the model's own.
    func validate(model: String) throws {
        func resolved(_ path: String) -> String {
            URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
        }
        guard resolved(model) != resolved(path) else {
            throw ValidationError("--output must be another folder than the model's, found \"\(path)\"")
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
