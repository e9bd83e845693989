import Preprocessing

/// When the words of a transcript are said.
enum TimedWords {
    /// - Parameters:
    ///   - ids: the likeliest token of each frame.
    ///   - speller: what makes a text of them.
    /// - Returns: each word from the frame at which it begins to the one at which it is whole, as shares of all
    ///   frames.
    static func of(_ ids: [Int], _ speller: CTCTokenizer) -> [SampleExample.Word] {
        var words: [(text: String, start: Int, end: Int)] = []
        for frame in ids.indices {
            let found = speller.decode(Array(ids[...frame])).split(whereSeparator: \.isWhitespace)
            guard let last = found.last.map(String.init) else { continue }
            if found.count > words.count { words.append((last, frame, frame + 1)) }
            if words[found.count - 1].text != last {
                words[found.count - 1].text = last
                words[found.count - 1].end = frame + 1
            }
        }
        let count = Double(max(ids.count, 1))
        return words.map {
            .init(text: $0.text, start: Double($0.start) / count, end: Double($0.end) / count)
        }
    }
}
