import ArgumentParser
import Conversion
import Foundation
import Torch

/// The folder that a training writes.
struct OutputFolder {
    let path: String

    init(_ path: String) { self.path = path }

    /// - Throws: `ValidationError` where it is the model's own, or holds what a training has finished or an
    ///   evaluation has written.
    func validate(model: String) throws {
        guard OutputFile.resolved(model) != OutputFile.resolved(path) else {
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
        guard !holds("results.json") || holds("checkpoint") || holds("config.json") else {
            throw ValidationError(
                "--output \"\(path)\" holds the results of an evaluation: name another folder")
        }
    }

    /// Makes sure that the folder can be written before long work, keeps other processes out of it until
    /// this one ends, and takes an empty one away when the work fails.
    ///
    /// - Throws: `ConversionError` where another process writes it; what making it and the work throw.
    func prepared<Value>(_ work: () throws -> Value) throws -> Value {
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard files.isWritableFile(atPath: path) else {
            throw FileError.notPermitted(operation: "write", path: path, code: EACCES)
        }
        try lock()
        do {
            return try work()
        } catch {
            if try files.contentsOfDirectory(atPath: path).isEmpty { try files.removeItem(atPath: path) }
            throw error
        }
    }

    /// The descriptor stays open, and the lock with it, until the process ends. A file system without locks has
    /// none.
    private func lock() throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "lock", path: path, code: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            close(descriptor)
            throw ConversionError.order(
                "Another process writes \(path): wait until it has ended, or name another folder")
        }
    }
}
