import Foundation

/// Shows on standard error how many of a number of things are done and how long the rest will take, on a terminal
/// only.
final class CountProgress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let started = Date()
    private let name: String
    private let total: Int
    /// What was done before, such as by a run that was stopped.
    private var doneBefore: Int?

    /// - Parameter name: of the things, in the plural.
    init(_ name: String, of total: Int) {
        self.name = name
        self.total = total
    }

    func show(_ done: Int) {
        guard isTerminal else { return }
        let filled = 24 * done / max(total, 1)
        let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 24 - filled)
        let seconds = Date().timeIntervalSince(started)
        let before = doneBefore ?? 0
        if doneBefore == nil { doneBefore = done }
        let left = done > before && seconds > 1 ? seconds / Double(done - before) * Double(total - done) : nil
        let rest = left.map { ", \(Self.duration($0)) left" } ?? ""
        write("\r\u{1B}[2K\(bar)  \(done)/\(total) \(name)  \(Self.duration(seconds))\(rest)")
    }

    /// `42 s`, `3:05` minutes or `1:02:03` hours.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        let (hours, minutes) = (whole / 3600, whole / 60 % 60)
        let rest = String(format: "%02d", whole % 60)
        return hours > 0 ? "\(hours):\(String(format: "%02d", minutes)):\(rest)" : "\(minutes):\(rest)"
    }

    func finish() {
        if isTerminal { write("\n") }
    }

    private func write(_ text: String) {
        StandardError.write(text)
    }
}
