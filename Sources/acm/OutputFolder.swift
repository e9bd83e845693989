import ArgumentParser
import Conversion
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

    /// For commands that do not share their work among processes.
    ///
    /// - Throws: `ConversionError` for one of several processes, which would all write the same files.
    func requireOneProcess() throws {
        guard try ProcessLaunch.read() == nil else {
            throw ConversionError.option(
                "This command is for one process: start it alone, without RANK and WORLD_SIZE")
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
