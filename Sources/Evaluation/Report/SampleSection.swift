import Foundation

/// The cheapest and the costliest samples: what they are, what the models say, and where the compute went.
struct SampleSection {
    private let report: EvaluationReport
    private let isAlone: Bool

    init(_ report: EvaluationReport, isAlone: Bool) {
        self.report = report
        self.isAlone = isAlone
    }

    var html: HTML {
        let examples = report.examples
        guard let budget = examples.first?.budget else { return .nothing }
        let shape =
            examples.contains { $0.patchColumns != nil }
            ? " grid" : examples.contains { $0.waveform != nil } ? " waves" : ""
        let kind = "samples\(shape)"
        let highest = max(examples.flatMap(\.tokenLoads).max() ?? 0, 1e-9)
        let title = "Single samples" + (isAlone ? "" : ": \(report.name)")
        return """
            <section><h2>\(title)</h2>
            <p class="note">At budget \(budget, 2). The stronger the colour, the larger the share of the learners that ran there: \
            \(legend(highest, hasImages: examples.contains { $0.patchColumns != nil }))\(blockLegend)</p>
            \(HTML.joined(groups.map { title, examples in
                """
                <h3>\(title)</h3>
                <div class="\(kind)">\(HTML.joined(examples.map { card($0, highest) }))</div>
                """
            }))
            </section>
            """
    }

    private var groups: [(title: String, examples: [SampleExample])] {
        let half = report.examples.count / 2
        func of(_ group: SampleExample.Group) -> [SampleExample] {
            report.examples.enumerated().filter { place, example in
                (example.group ?? (place < half ? .cheapest : .costliest)) == group
            }.map(\.element)
        }
        return [
            ("Cheapest", of(.cheapest)), ("Costliest", of(.costliest).reversed()),
            ("Most word errors", of(.worst)),
        ].filter { !$0.1.isEmpty }
    }

    private func legend(_ highest: Double, hasImages: Bool) -> HTML {
        .joined(
            (0...4).map { step in
                let share = Double(step) / 4
                let load = highest * share
                if hasImages {
                    return """
                        <span class="key"><i style="background: \(colour(share))"></i>\(load, 2)</span>
                        """
                }
                return "<span class=\"heat\" style=\"--share: \(share, 2)\">\(load, 2)</span>"
            }, by: " ")
    }

    private var blockLegend: HTML {
        guard report.examples.contains(where: { $0.blockLoads?.isEmpty == false }) else { return .nothing }
        return ". Block by block, with the mean load of each, it goes from dark for none to bright for all."
    }

    private func colour(_ share: Double) -> String {
        "rgb(\(ColourScale.colour(share).map(String.init).joined(separator: " ")))"
    }

    private func card(_ example: SampleExample, _ highest: Double) -> HTML {
        var facts: [HTML] = []
        if let output = example.output, example.alignment == nil {
            let isRight = example.truth == output
            let mark = example.truth == nil || example.words != nil ? "" : isRight ? " ✓" : " ✗"
            facts.append("<dt>says</dt><dd>\(output)\(mark)</dd>")
        }
        if let dense = example.denseOutput {
            facts.append("<dt>dense</dt><dd>\(dense == example.output ? "the same" : dense)</dd>")
        }
        if let truth = example.truth, truth != example.output, example.alignment == nil {
            facts.append("<dt>\(example.words == nil ? "is" : "said")</dt><dd>\(truth)</dd>")
        }
        let list: HTML = facts.isEmpty ? .nothing : "<dl>\(HTML.joined(facts))</dl>"
        return """
            <article class="sample">\
            <p class="load"><strong>load \(example.load, 3)</strong> \(name(example))</p>
            \(picture(example, highest))\(blocks(example))\(example.alignment.map { AlignmentView($0).html } ?? .nothing)\(list)</article>
            """
    }

    /// The file without the folders that it is in, which are told when it is pointed at.
    private func name(_ example: SampleExample) -> HTML {
        guard let place = example.place else { return "<small>sample \(example.number)</small>" }
        let file = place.split(separator: " (").first.map(String.init) ?? place
        return
            "<small title=\"\(place)\">\(file.split(separator: "/").last.map(String.init) ?? place)</small>"
    }

    /// Where the compute went in each block, on demand.
    private func blocks(_ example: SampleExample) -> HTML {
        let blocks = (example.blockLoads ?? []).filter { !$0.loads.isEmpty }
        guard !blocks.isEmpty else { return .nothing }
        let shape = example.patchColumns == nil ? "rows" : "squares"
        let maps = blocks.map { block -> HTML in
            let map = BlockLoadMap(block: block, columns: example.patchColumns ?? block.loads.count)
            let mean = block.loads.reduce(0, +) / Double(block.loads.count)
            return
                "<span>\(shape == "rows" ? "block " : "")\(block.block): \(mean, 2)</span>\(HTML(markup: map.svg))"
        }
        return .details(
            "Block by block",
            "<div class=\"blocks \(shape)\">\(HTML.joined(maps.map { "<div>\($0)</div>" }))</div>")
    }

    private func picture(_ example: SampleExample, _ highest: Double) -> HTML {
        if let columns = example.patchColumns { return imageMap(example, columns: max(columns, 1), highest) }
        if let waveform = example.waveform {
            return HTML(
                markup: WaveformFigure(
                    waveform: waveform, loads: example.tokenLoads, highest: highest,
                    words: example.words ?? []
                ).svg)
        }
        guard !example.tokens.isEmpty, example.tokens.count == example.tokenLoads.count else {
            return .nothing
        }
        return HTML(markup: "<p class=\"tokens\">")
            + .joined(
                zip(example.tokens, example.tokenLoads).map { token, load in
                    """
                    <span class="token" style="--share: \(load / highest, 3)" title="load \(load, 3)">\(token)\
                    <small>\(load * 100, 0)</small></span>
                    """
                }) + HTML(markup: "</p>")
    }

    /// The image, and beside it the same below the loads of its patches; these alone where there is no image.
    private func imageMap(_ example: SampleExample, columns: Int, _ highest: Double) -> HTML {
        let drawing = SVGDrawing(x: { $0 }, y: { $0 })
        let side = 200.0 / Double(columns)
        let cells = example.tokenLoads.enumerated().map { place, load in
            drawing.rectangle(
                Double(place % columns) * side, Double(place / columns) * side, side, side, kind: "patch",
                style:
                    "fill: rgb(\(ColourScale.colour(load / highest).map(String.init).joined(separator: " ")))",
                title: "load \(Markup.number(load, digits: 3))")
        }
        let source = example.image.map { "data:image/jpeg;base64,\($0.base64EncodedString())" }
        let image: HTML = source.map { "<img alt=\"sample \(example.number)\" src=\"\($0)\"/>" } ?? .nothing
        let ground: HTML =
            source.map {
                "<image href=\"\($0)\" width=\"200\" height=\"200\" preserveAspectRatio=\"none\"/>\n"
            } ?? .nothing
        return """
            <div class="maps">\(image)\
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" role="img" aria-label="load of each patch">\
            \(ground)\(HTML(markup: cells.joined(separator: "\n")))</svg></div>
            """
    }
}
