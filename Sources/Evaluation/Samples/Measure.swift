/// A number that an evaluation keeps of each sample.
public enum Measure: String, CaseIterable, Sendable {
    /// The cost-weighted share of the learners that ran, 0…1; 1 for a dense model.
    case load
    /// The likeliest class.
    case prediction
    /// The probability of the likeliest class, 0…1.
    case confidence
    /// 1 where the label is the likeliest class.
    case top1
    /// 1 where the label is among the five likeliest classes.
    case top5
    /// `-log softmax(logits)[label]`.
    case loss
    /// Between the embeddings of this and of the dense model.
    case cosine
    /// 1 where the nearest neighbour is the one that the dense model gives.
    case neighbour
    /// 1 where a linear probe names the label.
    case probe
    /// Of the first text of a pair: the cosine between the embeddings of both.
    case similarity
    /// Of the first text of a pair: how alike both are said to be.
    case score
    case wordErrors = "word_errors"
    case words
    case characterErrors = "character_errors"
    case characters
    /// Multiply-accumulates, where they depend on what the model wrote.
    case macs
    /// That the sample took.
    case milliseconds
    /// Seconds of a recording.
    case duration

    /// Whether the number is 0 or 1, so that a byte holds it.
    var isFlag: Bool {
        switch self {
        case .top1, .top5, .probe: true
        default: false
        }
    }
}
