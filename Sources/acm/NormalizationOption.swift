import ArgumentParser
import Evaluation

/// How texts are compared with what was said.
struct NormalizationOption: ParsableArguments {
    @Option(
        help: """
            What is made alike before transcripts are compared: none, or some of lowercase, punctuation and accents, with \
            commas between.
            """)
    var normalize = "lowercase,punctuation"

    func validate() throws { _ = try value() }

    func value() throws -> ErrorRate.Normalization {
        var found = ErrorRate.Normalization()
        if normalize == "none" { return found }
        for part in normalize.split(separator: ",", omittingEmptySubsequences: false) {
            switch part {
            case "lowercase": found.lowercases = true
            case "punctuation": found.stripsPunctuation = true
            case "accents": found.stripsAccents = true
            default:
                throw ValidationError(
                    "--normalize takes none, or some of lowercase, punctuation and accents with commas between, "
                        + "found \"\(normalize)\"")
            }
        }
        return found
    }
}
