import Foundation

/// How far transcripts are from what was said: `(substitutions + deletions + insertions) / units of the
/// references`, by the fewest edits; above 1 where more is inserted than there is.
///
/// Rates of a corpus are sums of edits over sums of units: add the samples' counts up.
///
/// - Source: Levenshtein 1966; Morris, Maier & Green 2004.
public struct ErrorRate: Sendable, Equatable {
    public private(set) var substitutions = 0
    public private(set) var deletions = 0
    public private(set) var insertions = 0
    /// Words or characters of the references.
    public private(set) var referenceCount = 0

    public var errorCount: Int { substitutions + deletions + insertions }

    /// 0 without errors; infinite for errors without anything said.
    public var value: Double {
        errorCount == 0 ? 0 : Double(errorCount) / Double(referenceCount)
    }

    /// What is made alike before transcripts are compared.
    public struct Normalization: Sendable, Equatable {
        public var lowercases: Bool
        /// Takes out all characters of Unicode's punctuation: "it's" becomes "its".
        public var stripsPunctuation: Bool
        /// Takes the marks off letters that Unicode decomposes canonically: "días" becomes "dias".
        public var stripsAccents: Bool

        public init(lowercases: Bool = false, stripsPunctuation: Bool = false, stripsAccents: Bool = false) {
            self.lowercases = lowercases
            self.stripsPunctuation = stripsPunctuation
            self.stripsAccents = stripsAccents
        }

        public func callAsFunction(_ text: String) -> String {
            var text = lowercases ? text.lowercased() : text
            if stripsAccents {
                text = text.decomposedStringWithCanonicalMapping
                text.unicodeScalars.removeAll { $0.properties.generalCategory == .nonspacingMark }
            }
            if stripsPunctuation {
                text.unicodeScalars.removeAll { Self.punctuation.contains($0.properties.generalCategory) }
            }
            return text
        }

        /// The words of a text, what white space parts: as they are written, and as they are compared. Those of
        /// which nothing is left are left out.
        func words(_ text: String) -> [(written: String, compared: String)] {
            text.split(whereSeparator: \.isWhitespace).map(String.init).map { ($0, self($0)) }
                .filter { !$0.1.isEmpty }
        }

        private static let punctuation: Set<Unicode.GeneralCategory> = [
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation,
        ]
    }

    /// No errors in nothing.
    public init() {}

    /// What makes one unit of a hypothesis of one of the reference, or of nothing, or nothing of it.
    public enum Edit: String, Codable, Sendable {
        /// Both are the same.
        case match
        case substitution, deletion, insertion
    }

    /// The fewest edits that make `hypothesis` of `reference`.
    public init<Unit: Equatable>(reference: [Unit], hypothesis: [Unit]) {
        self.init(reference: reference, hypothesis: hypothesis) { _ in }
    }

    /// - Parameter chosen: gets the last edit for each beginning of the reference, and for it each beginning
    ///   of the hypothesis, empty ones left out.
    init<Unit: Equatable>(reference: [Unit], hypothesis: [Unit], chosen: (Edit) -> Void) {
        // Rows of the edits that make each beginning of the hypothesis.
        var row = (0...hypothesis.count).map { ErrorRate(insertions: $0) }
        for (index, wanted) in reference.enumerated() {
            var diagonal = row[0]
            row[0].deletions = index + 1
            for (place, found) in hypothesis.enumerated() {
                let (up, left) = (row[place + 1], row[place])
                var (best, edit) = (diagonal, Edit.match)
                if wanted != found {
                    best.substitutions += 1
                    edit = .substitution
                    if up.errorCount + 1 < best.errorCount {
                        (best, edit) = (up, .deletion)
                        best.deletions += 1
                    }
                    if left.errorCount + 1 < best.errorCount {
                        (best, edit) = (left, .insertion)
                        best.insertions += 1
                    }
                }
                chosen(edit)
                diagonal = up
                row[place + 1] = best
            }
        }
        self = row[hypothesis.count]
        referenceCount = reference.count
    }

    private init(insertions: Int) {
        self.insertions = insertions
    }

    /// Over words, what white space parts.
    public static func words(
        reference: String, hypothesis: String, _ normalization: Normalization = Normalization()
    ) -> ErrorRate {
        ErrorRate(
            reference: normalization.words(reference).map(\.compared),
            hypothesis: normalization.words(hypothesis).map(\.compared))
    }

    /// Over Unicode scalars, spaces inside the text too.
    public static func characters(
        reference: String, hypothesis: String, _ normalization: Normalization = Normalization()
    ) -> ErrorRate {
        func scalars(_ text: String) -> [Unicode.Scalar] {
            Array(normalization(text).trimmingCharacters(in: .whitespacesAndNewlines).unicodeScalars)
        }
        return ErrorRate(reference: scalars(reference), hypothesis: scalars(hypothesis))
    }

    public static func + (left: ErrorRate, right: ErrorRate) -> ErrorRate {
        var sum = left
        sum.substitutions += right.substitutions
        sum.deletions += right.deletions
        sum.insertions += right.insertions
        sum.referenceCount += right.referenceCount
        return sum
    }
}
