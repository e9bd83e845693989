import Torch

/// One run of an evaluation as a report shows it.
struct ReportRun: Sendable, Equatable {
    /// One adaptive module and how often it made each choice.
    struct Module: Sendable, Equatable {
        /// Its path, such as `blocks.0.feedForward`.
        let place: String
        /// At index k the tokens that ran k learners.
        let histogram: [Int]

        var tokenCount: Int { histogram.reduce(0, +) }

        /// Share of the learners that ran, 0…1.
        var load: Double {
            let most = tokenCount * (histogram.count - 1)
            return most == 0
                ? 0 : Double(histogram.enumerated().reduce(0) { $0 + $1.offset * $1.element }) / Double(most)
        }

        /// The number of the block; nil for a path without one.
        var block: Int? {
            let parts = place.split(separator: ".")
            return parts.firstIndex(of: "blocks").flatMap {
                parts.indices.contains($0 + 1) ? Int(parts[$0 + 1]) : nil
            }
        }

        /// The path without the number of the block, such as `feedForward` or `decoder.attention.query`.
        var kind: String {
            let parts = place.split(separator: ".").map(String.init)
            guard let index = parts.firstIndex(of: "blocks"), parts.count > index + 2 else { return place }
            return (parts[..<index] + parts[(index + 2)...]).joined(separator: ".")
        }
    }

    /// The load that was asked for; nil for a dense model.
    var budget: Double?
    var load: Double?
    /// Multiply-accumulates of one sample.
    var macs: Double?
    /// Of one sample.
    var milliseconds: Double?
    var qualities: [Quality: Double] = [:]
    /// Of those qualities whose samples are known.
    var intervals: [Quality: Interval] = [:]
    var calibrationError: Double?
    var modules: [Module] = []
    var collapsed: [String] = []
    /// From the choices on calibration data, in bits.
    var drift: Double?

    var name: String { budget.map { "budget \(Markup.number($0, digits: 2))" } ?? "dense" }
}

extension ReportRun {
    /// What `results.json` says of a run; what is missing stays unknown.
    init(_ json: JSONValue, budget: Double?) {
        func number(_ key: String, in value: JSONValue? = nil) -> Double? {
            (value ?? json)[key]?.doubleValue
        }
        self.budget = budget
        load = number("load") ?? (budget == nil ? 1 : nil)
        macs = number("macs")
        milliseconds = number("milliseconds_per_sample")
        qualities[.cosine] = number("mean_cosine")
        qualities[.neighbours] = number("neighbour_agreement")
        qualities[.probe] = number("probe_accuracy")
        qualities[.spearman] = number("spearman")
        if let classes = json["classes"], !classes.isNull {
            qualities[.top1] = number("top1", in: classes)
            qualities[.top5] = number("top5", in: classes)
            qualities[.loss] = number("loss", in: classes)
            calibrationError = number("calibration_error", in: classes)
        }
        if let errors = json["errors"], !errors.isNull {
            qualities[.wordErrorRate] = number("word_error_rate", in: errors)
            qualities[.characterErrorRate] = number("character_error_rate", in: errors)
        }
        collapsed = json["collapsed"]?.arrayValue?.compactMap(\.stringValue) ?? []
        drift = json["drift"]?["divergence_bits"]?.doubleValue
        modules = (json["modules"]?.arrayValue ?? []).compactMap { module in
            guard let place = module["place"]?.stringValue,
                let histogram = module["histogram"]?.arrayValue?.compactMap(\.integerValue),
                histogram.count > 1,
                histogram.allSatisfy({ $0 >= 0 })
            else { return nil }
            return Module(place: place, histogram: histogram)
        }
    }
}
