/// What the tokens of a sample got in one block: rows of cells from dark for none to bright for all learners.
struct BlockLoadMap: Sendable, Equatable {
    let block: BlockLoads
    /// Tokens in a row; as many as there are for one row, of which long ones are drawn in stretches.
    let columns: Int

    private static let mostColumns = 240
    private static let shadeCount = 16

    /// One path for each shade, so that a page with many maps stays small.
    var svg: String {
        let cells = loads
        let width = min(columns, cells.count)
        var paths = [String](repeating: "", count: Self.shadeCount)
        var start = 0
        for place in cells.indices {
            let next = place + 1
            let isEnd = next == cells.count || next % width == 0 || shade(cells[next]) != shade(cells[place])
            guard isEnd else { continue }
            paths[shade(cells[place])] +=
                "M\(start % width) \(start / width)h\(next - start)v1h-\(next - start)z"
            start = next
        }
        let shapes = paths.enumerated().filter { !$0.element.isEmpty }.map { shade, path in
            let colour = ColourScale.colour(Double(shade) / Double(Self.shadeCount - 1))
            return "<path fill=\"rgb(\(colour.map(String.init).joined(separator: " ")))\" d=\"\(path)\"/>"
        }
        let height = width > 0 ? (cells.count + width - 1) / width : 0
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" "
            + "preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\" role=\"img\" "
            + "aria-label=\"loads in block \(block.block)\">\(shapes.joined())</svg>"
    }

    /// Of the cells that are drawn.
    private var loads: [Double] {
        let all = block.loads
        guard columns >= all.count, all.count > Self.mostColumns else { return all }
        return (0..<Self.mostColumns).map { stretch in
            let part = all[
                stretch * all.count / Self.mostColumns..<(stretch + 1) * all.count / Self.mostColumns]
            return part.reduce(0, +) / Double(part.count)
        }
    }

    private func shade(_ load: Double) -> Int {
        Int((min(max(load.isFinite ? load : 0, 0), 1) * Double(Self.shadeCount - 1)).rounded())
    }
}
