import Foundation

/// What a command tells beside its output.
enum StandardError {
    /// Writes what can be written: work does not end because nobody listens.
    static func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
