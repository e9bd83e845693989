/// Which files are audio, by the end of their names.
enum AudioSuffix {
    private static let all: Set<String> = [
        "wav", "flac", "ogg", "oga", "opus", "mp3", "m4a", "aac", "aiff", "aif", "g722", "wma", "webm",
    ]

    static func matches(_ name: String) -> Bool {
        name.contains(".") && name.split(separator: ".").last.map { all.contains($0.lowercased()) } ?? false
    }
}
