/// Relative paths that stay below the folder they start from.
enum PlainPath {
    /// Whether no part is empty, `.` or `..`, and no character is a backslash or a control character.
    static func isPlain(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !["", ".", ".."].contains($0) }
            && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
    }
}
