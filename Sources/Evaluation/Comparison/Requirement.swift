import Foundation

/// What an evaluation or a comparison must reach, as a person writes it: `top1>=0.80 at budget 0.5`.
///
/// ```
/// requirement = ["surely"] ["difference"] measure (">=" | "<=" | ">" | "<") number ["at" ("dense" | "budget" number)]
/// measure     = top1 top5 probe spearman cosine neighbours loss wer cer ece load macs share ms speedup drift
/// ```
///
/// `surely` asks it of the worse end of the 95 % interval; `difference`, of comparisons, of the second less the
/// first; without `at` all adaptive runs must reach it.
public struct Requirement: Sendable, Equatable {
    /// What is asked for.
    public enum Subject: Sendable, Equatable {
        case quality(Quality)
        case figure(Figure)

        init?(_ name: String) {
            if let quality = Quality(rawValue: name) {
                self = .quality(quality)
            } else if let figure = Figure(rawValue: name) {
                self = .figure(figure)
            } else {
                return nil
            }
        }
    }

    /// Numbers of a run that are no mean over samples.
    public enum Figure: String, CaseIterable, Sendable {
        /// Expected calibration error.
        case ece
        case load
        /// Multiply-accumulates of one sample.
        case macs
        /// Of the dense model's multiply-accumulates.
        case share
        /// Milliseconds a sample.
        case ms
        /// Dense time divided by this time.
        case speedup
        /// From calibration data, in bits.
        case drift
    }

    enum Relation: String, CaseIterable {
        case atLeast = ">="
        case atMost = "<="
        case above = ">"
        case below = "<"

        func holds(_ value: Double, _ bound: Double) -> Bool {
            switch self {
            case .atLeast: value >= bound
            case .atMost: value <= bound
            case .above: value > bound
            case .below: value < bound
            }
        }
    }

    /// Which runs must reach it.
    enum Place: Equatable {
        case everyBudget
        case dense
        case budget(Double)
    }

    /// As it was written.
    public let text: String
    public let subject: Subject
    public let isDifference: Bool
    /// Whether the worse end of the interval must reach it.
    public let isSure: Bool
    let relation: Relation
    let bound: Double
    let place: Place

    /// - Throws: ``EvaluationError/requirement(_:)`` with what was expected.
    public init(_ text: String) throws {
        func wrong(_ problem: String) -> EvaluationError {
            .requirement(
                "\"\(text)\" is no requirement such as \"top1>=0.80 at budget 0.5\": \(problem)")
        }
        self.text = text
        var words = Self.words(text)[...]
        isSure = words.first == "surely"
        if isSure { words.removeFirst() }
        isDifference = words.first == "difference"
        if isDifference { words.removeFirst() }
        let name = words.popFirst() ?? ""
        guard let subject = Subject(name) else {
            let known = Quality.allCases.map(\.rawValue) + Figure.allCases.map(\.rawValue)
            throw wrong("expected one of \(known.joined(separator: ", ")), found \"\(name)\"")
        }
        self.subject = subject
        let sign = words.popFirst() ?? ""
        guard let relation = Relation(rawValue: sign) else {
            throw wrong("expected >=, <=, > or < behind \(name), found \"\(sign)\"")
        }
        self.relation = relation
        let number = words.popFirst() ?? ""
        guard let bound = Double(number), bound.isFinite else {
            throw wrong("expected a number behind \(sign), found \"\(number)\"")
        }
        self.bound = bound
        if case .figure = subject, isSure || isDifference {
            throw wrong(
                "surely and difference go with \(Quality.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        switch Array(words) {
        case []: place = .everyBudget
        case ["at", "dense"]: place = .dense
        case let rest where rest.count == 3 && rest.starts(with: ["at", "budget"]):
            guard let budget = Double(rest[2]), (0...1).contains(budget) else {
                throw wrong("expected a budget in 0...1, found \"\(rest[2])\"")
            }
            place = .budget(budget)
        default:
            throw wrong(
                "expected \"at budget\" and a number, or \"at dense\", found \"\(words.joined(separator: " "))\""
            )
        }
    }

    /// Words and signs, which need no spaces around them.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var isSign = false
        for letter in text {
            let sign = "<>=".contains(letter)
            if letter.isWhitespace {
                words.append("")
            } else if sign == isSign, let last = words.last, !last.isEmpty {
                words[words.count - 1] = last + String(letter)
            } else {
                words.append(String(letter))
            }
            isSign = sign
        }
        return words.filter { !$0.isEmpty }
    }

    func matches(_ budget: Double?) -> Bool {
        switch place {
        case .everyBudget: budget != nil
        case .dense: budget == nil
        case .budget(let wanted): budget == wanted
        }
    }

    /// The end of an interval that is asked: the estimate, or the worse end.
    func asked(_ interval: Interval) -> Double {
        guard isSure else { return interval.estimate }
        return relation == .atLeast || relation == .above ? interval.lower : interval.upper
    }
}
