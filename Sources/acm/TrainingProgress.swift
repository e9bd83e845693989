import Conversion
import Foundation

/// Shows a running conversion on standard error: a bar on a terminal, else a line now and then.
final class TrainingProgress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var started = Date()
    private var name: String?
    private var shownStep = 0

    func show(_ report: TrainingReport) {
        show(report.phase.rawValue, step: report.step, of: report.totalSteps, values: report.values)
        if let heldOut = report.heldOut { show(heldOut) }
        if let gates = report.gates { show(gates, report, isLast: report.step == report.totalSteps) }
    }

    /// - Parameters:
    ///   - name: of the part of the run.
    ///   - step: steps done.
    ///   - total: steps in all.
    ///   - values: of the last step.
    func show(_ name: String, step: Int, of total: Int, values: [(name: String, value: Double)]) {
        if name != self.name {
            if self.name != nil { finish() }
            self.name = name
            shownStep = 0
            started = Date()
        }
        if !isTerminal, step / 100 == shownStep / 100, step != 1, step != total { return }
        shownStep = step
        let shown = values.map { "\($0.name) \(String(format: "%.4f", $0.value))" }.joined(separator: "  ")
        let seconds = Int(Date().timeIntervalSince(started))
        let text = "\(name)  \(step)/\(total)  \(shown)  \(seconds) s"
        if isTerminal {
            let filled = 24 * step / max(total, 1)
            let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 24 - filled)
            write("\r\u{1B}[2K\(bar)  \(text)")
        } else {
            write(text + "\n")
        }
    }

    private func show(_ heldOut: HeldOutEvaluation) {
        let scores = heldOut.scores.map {
            String(format: "budget %.2f: loss %.4f, load %.3f", $0.budget, $0.loss, $0.load)
        }
        let score = String(format: "%.4f", heldOut.score)
        write(
            "\(isTerminal ? "\n" : "")held out at step \(heldOut.step): \(scores.joined(separator: "   "))"
                + "   score \(score)\n")
    }

    /// Says when gates collapse and, at the end of a phase, what each of them chooses.
    private func show(_ gates: GateReport, _ report: TrainingReport, isLast: Bool) {
        let clear = isTerminal ? "\n" : ""
        if !gates.collapsed.isEmpty {
            let names = gates.collapsed.map(\.description).joined(separator: ", ")
            write(
                "\(clear)step \(report.step): the gates of \(names) give nearly every token the same choice at budget "
                    + String(format: "%.2f", gates.budget)
                    + "; if this stays, raise finetuning.entropyWeight\n")
        }
        guard isLast else { return }
        write(String(format: "\(clear)at budget %.2f the load is %.3f\n", gates.budget, gates.meter.load))
        for module in gates.meter.modules {
            let shares = module.histogram.enumerated().map { choice, count in
                String(
                    format: "%d: %4.1f %%", choice, 100 * Double(count) / Double(max(module.tokenCount, 1)))
            }
            write("  \(module.place)  \(shares.joined(separator: "   "))\n")
        }
    }

    func finish() {
        if isTerminal { write("\n") }
    }

    private func write(_ text: String) {
        StandardError.write(text)
    }
}
