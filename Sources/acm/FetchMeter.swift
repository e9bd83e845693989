import Foundation
import Hub
import Synchronization

/// Shows on standard error how far a fetch has come, if that is a terminal.
final class FetchMeter: Sendable {
    private struct State {
        var shown = Date.distantPast
        /// When the first bytes came, and how many were there before.
        var start: (date: Date, byteCount: Int)?
    }

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    func show(_ progress: FetchProgress) {
        guard isTerminal else { return }
        state.withLock { state in
            let start = state.start ?? (Date(), progress.byteCount)
            state.start = start
            guard Date().timeIntervalSince(state.shown) >= 0.1 else { return }
            state.shown = Date()
            write("\r\u{1B}[2K" + Self.text(progress, since: start))
        }
    }

    func finish() {
        guard isTerminal else { return }
        write("\r\u{1B}[2K")
    }

    private static func text(_ progress: FetchProgress, since start: (date: Date, byteCount: Int)) -> String {
        if let file = progress.awaitedFile { return "waiting for another process to fetch \(file)" }
        let share =
            progress.totalByteCount > 0 ? Double(progress.byteCount) / Double(progress.totalByteCount) : 0
        let filled = min(24, max(0, Int(24 * share)))
        let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 24 - filled)
        let seconds = max(Date().timeIntervalSince(start.date), 0.1)
        return bar
            + String(
                format: "  %.1f of %.1f MB  %.1f MB/s", Double(progress.byteCount) / 1e6,
                Double(progress.totalByteCount) / 1e6,
                Double(progress.byteCount - start.byteCount) / 1e6 / seconds)
    }

    private func write(_ text: String) {
        StandardError.write(text)
    }
}
