/// What was said above what was heard, word by word; words that differ are framed and named.
struct AlignmentView {
    private let alignment: WordAlignment

    init(_ alignment: WordAlignment) { self.alignment = alignment }

    var html: HTML {
        guard !alignment.pairs.isEmpty else { return "<p class=\"note\">Nothing said, nothing heard.</p>" }
        return """
            <p class="note">\(summary)</p>
            <div class="aligned" dir="auto"><span class="names" dir="ltr"><b>said</b><b>heard</b></span>
            \(HTML.joined(alignment.pairs.map(word)))</div>
            """
    }

    private var summary: String {
        let parts = [ErrorRate.Edit.substitution, .deletion, .insertion].compactMap { edit -> String? in
            let count = alignment.count(edit)
            return count > 0 ? "\(count) \(Self.name(edit))" : nil
        }
        let (wrong, all) = (alignment.errorCount, alignment.referenceCount)
        return "\(wrong) \(wrong == 1 ? "error" : "errors") in \(all) \(all == 1 ? "word" : "words")"
            + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
    }

    private func word(_ pair: WordAlignment.Pair) -> HTML {
        let (said, heard) = (pair.reference ?? "–", pair.hypothesis ?? "–")
        guard pair.edit != .match else {
            return "<span><b dir=\"auto\">\(said)</b><i dir=\"auto\">\(heard)</i></span>"
        }
        return """
            <span class="edit \(pair.edit.rawValue)"><b dir="auto">\(said)</b><i dir="auto">\(heard)</i>\
            <small>\(Self.name(pair.edit))</small></span>
            """
    }

    private static func name(_ edit: ErrorRate.Edit) -> String {
        switch edit {
        case .match: "right"
        case .substitution: "other"
        case .deletion: "missing"
        case .insertion: "added"
        }
    }
}
