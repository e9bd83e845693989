/// How a JSON document is written.
public enum JSONFormat: Sendable {
    /// One line without spaces.
    case compact
    /// One member a line, two spaces a level.
    case indented
    /// As Hugging Face writes `config.json`: indented, and pure ASCII (`\u00e9` for "é").
    case huggingFace
}
