import Foundation

/// Holds the files of one input, for readers that take files; in memory where Linux has a place.
enum FuzzFolder {
    static let url: URL = {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let isThere = FileManager.default.isWritableFile(atPath: memory.path)
        let url = (isThere ? memory : FileManager.default.temporaryDirectory)
            .appendingPathComponent("acm-fuzz-\(getpid())")
        // A folder of a process that broke may be there.
        try? FileManager.default.removeItem(at: url)
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            fatalError("\(error)")
        }
        atexit { try? FileManager.default.removeItem(at: FuzzFolder.url) }
        return url
    }()

    static func clear() {
        for file in (try? FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil))
            ?? []
        {
            try? FileManager.default.removeItem(at: file)
        }
    }

    @discardableResult
    static func write(_ bytes: Data, _ name: String) -> URL {
        let file = url.appendingPathComponent(name)
        do {
            try bytes.write(to: file)
        } catch {
            fatalError("\(error)")
        }
        return file
    }
}

/// Stands for the error of the native library, which no fuzzer runs.
enum TorchError: Error {}
