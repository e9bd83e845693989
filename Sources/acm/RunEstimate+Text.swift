import Conversion
import Evaluation
import Foundation

extension RunEstimate {
    /// What `--dry-run` prints.
    var text: String {
        var lines: [String] = []
        if let goesOnFrom {
            lines.append(
                "An unfinished run is there: it would go on from step \(goesOnFrom.step) of "
                    + "\(goesOnFrom.phase.rawValue). All its steps are counted below.")
        }
        let heldOut = heldOutCount > 0 ? ", \(heldOutCount) held out" : ""
        lines.append("\(sampleCount) samples to train on\(heldOut)")
        lines.append(
            "\(moduleCount) adaptive modules of \(learnerCount) learners; \(parameters) parameters, "
                + "dense \(denseParameters)")
        if let costs {
            lines.append(
                String(
                    format: "%.4g GMAC a sample with all learners, dense %.4g GMAC", costs.adaptive / 1e9,
                    costs.dense / 1e9))
        }
        var table = ColumnTable(header: [
            "phase", "steps", "batch", "samples", "trained", "s/step", "time", "device memory",
        ])
        for phase in phases {
            table.add([
                phase.phase.rawValue, "\(phase.steps)", "\(phase.batchSize)", "\(phase.sampleCount)",
                "\(phase.trainedParameters)", phase.secondsPerStep.map { String(format: "%.3f", $0) } ?? "-",
                Self.duration(phase.seconds), phase.peakDeviceBytes.map(Self.size) ?? "-",
            ])
        }
        lines.append(table.text)
        lines.append(
            "About \(Self.duration(seconds)) in all; calibration, held-out evaluations and checkpoints aside")
        if let peakHostBytes {
            lines.append("Host memory: \(Self.size(peakHostBytes)) at most in these steps")
        }
        lines.append("Disk: \(Self.size(checkpointBytes)) a checkpoint, for a moment two of them")
        lines.append("Nothing was written.")
        return lines.joined(separator: "\n")
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        return switch whole {
        case ..<120: "\(whole) s"
        case ..<7200: "\((whole + 30) / 60) min"
        default: String(format: "%.1f h", seconds / 3600)
        }
    }

    private static func size(_ bytes: Int) -> String {
        bytes < 1 << 30
            ? String(format: "%.1f MiB", Double(bytes) / 1_048_576)
            : String(format: "%.2f GiB", Double(bytes) / 1_073_741_824)
    }
}
