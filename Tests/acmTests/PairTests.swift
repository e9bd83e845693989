import Evaluation
import Foundation
import TestSupport
import Testing
import Torch

/// `acm evaluate` on pairs of texts with scores.
@Suite struct PairTests {
    @Test func similaritiesAreRankedBesideScores() throws {
        let folder = try TemporaryFolder(textModel: "bert")
        try Program(
            ["convert", "model", "--data", "texts.tsv", "--output", "adaptive"] + shortConversion(),
            in: folder
        ).wait().succeeds()
        let texts = ["a", "b c", "a b c", "d", "e f a", "c c", "f", "a d e", "b", "e", "d f", "b b a"]
        let scores = [3.5, 1, 2, 0, 5, 1]
        let rows = scores.enumerated().map { "\(texts[2 * $0])\t\(texts[2 * $0 + 1])\t\($1)\n" }
        try folder.add("pairs.tsv", Data(("first\tsecond\tscore\n" + rows.joined()).utf8))
        let ending = try acm(
            "evaluate", "adaptive", "--dense", "model", "--data", "pairs.tsv", "--split", "all",
            "--budgets", "1,0.5", "--report", "report", "--json", "--require", "spearman>=-1",
            "--require", "surely spearman<=1 at budget 0.5", in: folder)
        ending.succeeds()
        let result = try JSONValue(parsing: ending.output)
        #expect(result["samples"] == 12 && result["budgets"]?[1]?["spearman"]?.doubleValue != nil)

        // The same of what acm predict says of the texts.
        let lines = try Program(
            ["predict", "model", "--json"] + texts.flatMap { ["--text", $0] }, in: folder
        ).wait().output
        let vectors = try lines.split(separator: "\n").map { line in
            try JSONValue(parsing: String(line))["embedding"]?.arrayValue?.compactMap(\.doubleValue) ?? []
        }
        func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        let cosines = scores.indices.map { pair in
            let (a, b) = (vectors[2 * pair], vectors[2 * pair + 1])
            return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
        }
        let wanted = try #require(SampleTerms(values: cosines, weights: scores, isCorrelation: true).value)
        let found = try #require(result["dense"]?["spearman"]?.doubleValue)
        #expect(abs(wanted - found) < 1e-6)

        let page = try String(contentsOf: folder["report/report.html"], encoding: .utf8)
        #expect(page.contains("Rank correlation with scores by"))
        let compared = try acm("compare", "report", "report", "--measure", "spearman", in: folder)
        compared.succeeds()
        #expect(compared.output.hasPrefix("rank correlation with scores of "))
    }
}
