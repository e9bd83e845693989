import Testing

/// Checks that tags of a document close in the order they opened and that no attribute is cut.
enum BalancedMarkup {
    /// - Returns: what is wrong first; nil for nothing.
    static func problem(_ document: String) -> String? {
        var open: [String] = []
        var rest = Substring(document)
        while let start = rest.firstIndex(of: "<") {
            if rest[..<start].contains(">") && open.last != "style" { return "a bare > in text" }
            guard let end = rest[start...].firstIndex(of: ">") else { return "a tag without end" }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("!") { continue }
            if tag.contains("<") { return "a < within the tag \(tag)" }
            if tag.filter({ $0 == "\"" }).count % 2 == 1 { return "an open quote in \(tag)" }
            let name = String(tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "/" })
            if tag.hasPrefix("/") {
                guard open.popLast() == name else { return "</\(name)> closes another tag" }
            } else if !tag.hasSuffix("/") {
                open.append(name)
            }
        }
        return open.isEmpty ? nil : "open tags \(open)"
    }
}
