import Foundation
import Torch

/// The samples of one tar shard in WebDataset's layout: members that follow each other and share
/// their name up to the first dot, such as `0001.jpg` and `0001.cls`.
struct ShardIndex {
    /// What a sample is told to be.
    enum Label: Equatable {
        case number(Int)
        case name(String)
    }

    struct Sample {
        let range: Range<Int>
        let key: String
        let label: Label?
        let text: String?
        let language: String?
    }

    private(set) var samples: [Sample] = []
    private(set) var hasImages = false
    private(set) var hasAudio = false

    /// - Throws: ``DatasetError`` unless bad samples are left out; `FileError`.
    init(_ url: URL, _ badSamples: BadSamples) throws {
        let file = try RegularFile(url)
        file.willBeReadInOrder()
        var reader = TarReader(byteCount: file.byteCount, read: file.read)
        var members: [(suffix: String, member: TarMember)] = []
        var key = ""
        // A damaged archive may be used as far as it goes.
        _ = try badSamples.keep(file.path) {
            while let member = try reader.next() {
                guard let (itsKey, suffix) = Self.split(member.name) else { continue }
                if itsKey != key {
                    try add(key, members, file, badSamples)
                    members = []
                    key = itsKey
                }
                members.append((suffix, member))
            }
        }
        try add(key, members, file, badSamples)
        if samples.isEmpty { try badSamples.add(file.path, "has no samples") }
    }

    /// The name up to the first dot behind the last slash, and what follows it; nil for hidden files.
    static func split(_ name: String) -> (key: String, suffix: String)? {
        let start = name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex
        guard let dot = name[start...].firstIndex(of: "."), dot > start else { return nil }
        return (String(name[..<dot]), name[name.index(after: dot)...].lowercased())
    }

    private mutating func add(
        _ key: String, _ members: [(suffix: String, member: TarMember)], _ file: RegularFile,
        _ badSamples: BadSamples
    ) throws {
        if members.isEmpty { return }
        _ = try badSamples.keep("\(file.path), \(key)") {
            let media = members.filter {
                ImageSuffix.matches("x.\($0.suffix)") || AudioSuffix.matches("x.\($0.suffix)")
            }
            guard media.count == 1 else {
                throw DatasetError.reason(
                    "has \(media.isEmpty ? "no image and no audio file" : "\(media.count) files of image or audio"), "
                        + "found \(members.map(\.suffix).joined(separator: ", "))")
            }
            var label: Label?
            var text: String?
            var language: String?
            for (suffix, member) in members where ["cls", "txt", "json"].contains(suffix) {
                guard member.range.count <= TarReader.maximumRecordByteCount else {
                    throw DatasetError.reason("its .\(suffix) has \(member.range.count) bytes")
                }
                guard let content = String(validating: try file.whole(member.range), as: UTF8.self) else {
                    throw DatasetError.reason("its .\(suffix) is not UTF-8 text")
                }
                if suffix == "json" {
                    let object = try JSONValue(parsing: content)
                    label = label ?? Self.first(object, ["label", "cls", "class", "class_id"])
                    text = text ?? Self.texts.lazy.compactMap { object[$0]?.stringValue }.first
                    language = ["locale", "language"].lazy.compactMap { object[$0]?.stringValue }
                        .first { !$0.isEmpty }
                } else {
                    let trimmed = content.trimmingCharacters(in: .whitespacesAndNewlines)
                    if suffix == "txt" { text = trimmed }
                    if suffix == "cls" || label == nil {
                        label = Int(trimmed).map(Label.number) ?? .name(trimmed)
                    }
                }
            }
            let suffix = media[0].suffix
            let isAudio = AudioSuffix.matches("x.\(suffix)")
            if isAudio { hasAudio = true } else { hasImages = true }
            // Some audio is known by its suffix alone.
            samples.append(
                Sample(
                    range: media[0].member.range, key: isAudio ? "\(key).\(suffix)" : key, label: label,
                    text: text, language: language))
        }
    }

    /// Leaves samples out that have no label, where others have.
    mutating func leaveUnlabelledOut(_ file: String, _ badSamples: BadSamples) throws {
        for sample in samples where sample.label == nil {
            try badSamples.add("\(file), \(sample.key)", "has no label, unlike others")
        }
        samples.removeAll { $0.label == nil }
    }

    private static let texts = ["text", "sentence", "transcript", "transcription", "caption"]

    private static func first(_ object: JSONValue, _ keys: [String]) -> Label? {
        for key in keys {
            if let number = object[key]?.integerValue { return .number(number) }
            if let name = object[key]?.stringValue { return .name(name) }
        }
        return nil
    }
}
