/// Where special tokens go around one text, or around two.
struct SequenceTemplate: Sendable {
    enum Part: Equatable, Sendable {
        case text(type: Int)
        case pair(type: Int)
        case special(piece: Int32, type: Int)
    }

    let single: [Part]
    let pair: [Part]

    /// BERT's own: `[CLS] text [SEP]` and `[CLS] text [SEP] pair [SEP]`, the second text of type 1.
    static func bert(classification: Int32, separator: Int32) -> SequenceTemplate {
        let single: [Part] = [
            .special(piece: classification, type: 0), .text(type: 0), .special(piece: separator, type: 0),
        ]
        return SequenceTemplate(
            single: single, pair: single + [.pair(type: 1), .special(piece: separator, type: 1)])
    }

    /// No special tokens.
    static let plain = SequenceTemplate(single: [.text(type: 0)], pair: [.text(type: 0), .pair(type: 1)])
}
