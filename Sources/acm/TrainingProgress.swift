import Conversion
import Foundation

/// Shows a running conversion on standard error: a bar on a terminal, else a line now and then.
final class TrainingProgress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var started = Date()
    private var phase: TrainingPhase?

    func show(_ report: TrainingReport) {
        if report.phase != phase {
            if phase != nil { finish() }
            phase = report.phase
            started = Date()
        }
        let isLast = report.step == report.totalSteps
        if !isTerminal, report.step % 100 != 1, !isLast { return }
        let values = report.values.map { "\($0.name) \(String(format: "%.4f", $0.value))" }.joined(
            separator: "  ")
        let seconds = Int(Date().timeIntervalSince(started))
        let text = "\(report.phase.rawValue)  \(report.step)/\(report.totalSteps)  \(values)  \(seconds) s"
        if isTerminal {
            let filled = 24 * report.step / max(report.totalSteps, 1)
            let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 24 - filled)
            write("\r\u{1B}[2K\(bar)  \(text)")
        } else {
            write(text + "\n")
        }
    }

    func finish() {
        if isTerminal { write("\n") }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
