/// The two-way table between a model's own paths and its checkpoint's names.
///
/// An entry stands for a path and all below it, `{}` for a block's number; the entry with the
/// most parts that fits decides.
public struct NameTable: Sendable {
    public let entries: [(path: String, name: String)]
    /// Checkpoint names (with `{}`) that are left out on purpose when a checkpoint is read.
    public let dropped: [String]

    public init(_ entries: [(path: String, name: String)], dropped: [String] = []) {
        self.entries = entries
        self.dropped = dropped
    }

    /// The same entries with a prefix before all checkpoint names but those of `exceptions`' paths.
    public func prefixed(_ prefix: String, except exceptions: Set<String> = []) -> NameTable {
        NameTable(
            entries.map { ($0.path, exceptions.contains($0.path) ? $0.name : prefix + $0.name) },
            dropped: dropped.map { prefix + $0 })
    }

    /// - Throws: ``ModelError/unknownPath(_:)`` for a path that no entry covers.
    public func checkpointName(of path: String) throws -> String {
        guard let name = translate(path, entries.map { ($0.path, $0.name) }) else {
            throw ModelError.unknownPath(path)
        }
        return name
    }

    /// The model's own path of a checkpoint name; nil for one that no entry covers.
    public func path(of name: String) -> String? {
        translate(name, entries.map { ($0.name, $0.path) })
    }

    /// Whether a checkpoint name is left out on purpose.
    public func drops(_ name: String) -> Bool {
        dropped.contains { match(name, $0) != nil }
    }

    private func translate(_ text: String, _ rules: [(from: String, to: String)]) -> String? {
        var best: (parts: Int, result: String)?
        for (from, to) in rules {
            guard let (number, rest) = match(text, from) else { continue }
            let parts = from.split(separator: ".").count
            if parts <= best?.parts ?? -1 { continue }
            let filled = to.split(separator: ".").map { $0 == "{}" ? number : $0 }
            best = (parts, (filled + rest).joined(separator: "."))
        }
        return best?.result
    }

    /// The number that `{}` stands for and the parts beyond `pattern`, when `text` begins with it.
    private func match(_ text: String, _ pattern: String) -> (number: Substring, rest: [Substring])? {
        let parts = text.split(separator: ".")
        let wanted = pattern.split(separator: ".")
        guard parts.count >= wanted.count else { return nil }
        var number: Substring = ""
        for (part, want) in zip(parts, wanted) {
            if want == "{}", part.allSatisfy(\.isNumber) {
                number = part
            } else if part != want {
                return nil
            }
        }
        return (number, Array(parts[wanted.count...]))
    }
}
