import Foundation
import Torch

/// One HTML page that shows what each token of some samples got.
public struct TokenPage: Sendable {
    public var title: String
    public var samples: [TokenLoads]

    public init(title: String, samples: [TokenLoads]) {
        self.title = title
        self.samples = samples
    }

    /// Writes the page, whole or not at all.
    ///
    /// - Throws: `FileError`.
    public func write(to url: URL) throws {
        try AtomicFile.write(Data((html + "\n").utf8), to: url)
    }

    public var html: String { Page.html(title: title, body: Self.section(samples)) }

    /// The samples' tokens, each coloured by its load.
    static func section(_ samples: [TokenLoads]) -> String {
        // The strongest colour is the highest load shown, so that small differences stay visible.
        let highest = max(samples.flatMap(\.loads).filter(\.isFinite).max() ?? 0, 1e-9)
        let legend = (0...4).map { token("", load: highest * Double($0) / 4, highest: highest) }
        let paragraphs = samples.map { sample in
            let tokens = zip(sample.tokens, sample.loads).map { token($0, load: $1, highest: highest) }
            return """
                <p class="note">Budget \(Markup.number(sample.budget, digits: 2)), load \
                \(Markup.number(sample.load, digits: 3))</p>
                <p class="tokens">\(tokens.joined(separator: "\n"))</p>
                """
        }
        return """
            <h2>Load of each token</h2>
            <p class="note">The share of the learners that ran for a token, weighted by cost, over all adaptive \
            modules, in per cent: \(legend.joined(separator: " "))</p>
            \(paragraphs.joined(separator: "\n"))
            """
    }

    private static func token(_ text: String, load: Double, highest: Double) -> String {
        let shown = Markup.escaped(text)
        let percent = Markup.number(load * 100, digits: 0)
        let share = Markup.number(load.isFinite ? load / highest : 0, digits: 3)
        return
            "<span class=\"token\" style=\"--share: \(share)\" title=\"load \(Markup.number(load, digits: 3))\">"
            + "\(shown)<small>\(percent)</small></span>"
    }
}
