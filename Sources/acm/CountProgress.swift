import Foundation

/// Shows on standard error how many of a number of things are done, on a terminal only.
final class CountProgress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let started = Date()
    private let name: String
    private let total: Int

    /// - Parameter name: of the things, in the plural.
    init(_ name: String, of total: Int) {
        self.name = name
        self.total = total
    }

    func show(_ done: Int) {
        guard isTerminal else { return }
        let filled = 24 * done / max(total, 1)
        let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 24 - filled)
        let seconds = Int(Date().timeIntervalSince(started))
        write("\r\u{1B}[2K\(bar)  \(done)/\(total) \(name)  \(seconds) s")
    }

    func finish() {
        if isTerminal { write("\n") }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
