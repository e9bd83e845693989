/// A recording's waveform, coloured by the load at each moment, with its words below.
struct WaveformFigure: Sendable, Equatable {
    /// The lowest and highest level in stretches of equal length, -1…1.
    let waveform: [[Double]]
    /// Of each frame; frames share the recording evenly.
    let loads: [Double]
    /// The load of the strongest colour.
    let highest: Double
    let words: [SampleExample.Word]

    private static let waveHeight = 90.0

    var svg: String {
        let drawing = SVGDrawing(x: { $0 }, y: { $0 })
        let step = LinePlot.width / Double(max(waveform.count, 1))
        let middle = Self.waveHeight / 2
        let bars = waveform.enumerated().compactMap { place, levels -> String? in
            guard levels.count == 2 else { return nil }
            let load = loads.isEmpty ? 0 : loads[min(place * loads.count / waveform.count, loads.count - 1)]
            let (top, bottom) = (middle - levels[1] * middle, middle - levels[0] * middle)
            return drawing.rectangle(
                Double(place) * step, top, max(step - 0.2, 0.4), max(bottom - top, 1), kind: "block",
                style: "fill-opacity: \(Markup.number(0.12 + 0.88 * load / max(highest, 1e-9), digits: 2))",
                title: "load \(Markup.number(load, digits: 3))")
        }
        // Words that would meet go to the next line; those at the end stay inside.
        var ends: [Double] = []
        let texts = words.map { word -> String in
            let width = SVGDrawing.width(word.text) + 5
            let x = max(0, min(word.start * LinePlot.width, LinePlot.width - width))
            let line = ends.firstIndex { $0 <= x } ?? ends.count
            if line == ends.count { ends.append(0) }
            ends[line] = x + width
            return drawing.text(
                word.text, x: x, y: Self.waveHeight + 14 + 14 * Double(line), kind: "name")
        }
        let height = Self.waveHeight + 14 * Double(ends.count) + 8
        return
            ([
                "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" "
                    + "viewBox=\"0 0 \(Int(LinePlot.width)) \(Int(height))\" aria-label=\"Load over the recording\">",
                FigureStyle.element,
            ] + bars + texts + ["</svg>"]).joined(separator: "\n")
    }
}
