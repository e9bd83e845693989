import Torch
import Transformers

/// Which labels texts give for a recogniser of letters.
public enum LetterLabels: Sendable, Equatable {
    /// Where the model is a recogniser, with one label for all letters that are not in its vocabulary.
    case asModel
    /// For training: of the vocabulary in the model's folder, whatever the model is; a text with other letters
    /// is refused, and so is a recording too short for its text.
    case learnt
}

/// How sound becomes a model's inputs, and texts its labels.
public struct AudioFrontEnd: Sendable {
    /// Samples a second that the model takes.
    public let sampleRate: Int
    /// Inputs from clips of any lengths, each `[samples]` float32.
    public let inputs: @Sendable (_ clips: [Tensor]) throws -> ModelInputs
    /// The labels of a text in a language, nil where that is not told; nil where none are wanted.
    public let encode: (@Sendable (_ text: String, _ language: String?) throws -> [Int])?
    /// What a decoder's tokens begin with, before those of a text in a language; nil for models without a decoder.
    public let decoderPrompt: (@Sendable (_ language: String?) throws -> [Int])?
    /// What is wrong with learning some labels from a recording of so many samples; nil for nothing.
    public let problem: (@Sendable (_ sampleCount: Int, _ labels: [Int]) -> String?)?

    public init(
        sampleRate: Int, inputs: @escaping @Sendable (_ clips: [Tensor]) throws -> ModelInputs,
        encode: (@Sendable (_ text: String, _ language: String?) throws -> [Int])? = nil,
        decoderPrompt: (@Sendable (_ language: String?) throws -> [Int])? = nil,
        problem: (@Sendable (_ sampleCount: Int, _ labels: [Int]) -> String?)? = nil
    ) {
        self.sampleRate = sampleRate
        self.inputs = inputs
        self.encode = encode
        self.decoderPrompt = decoderPrompt
        self.problem = problem
    }
}
