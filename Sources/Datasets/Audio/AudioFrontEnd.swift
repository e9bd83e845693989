import Torch
import Transformers

/// How sound becomes a model's inputs, and texts its labels.
public struct AudioFrontEnd: Sendable {
    /// Samples a second that the model takes.
    public let sampleRate: Int
    /// Inputs from clips of any lengths, each `[samples]` float32.
    public let inputs: @Sendable (_ clips: [Tensor]) throws -> ModelInputs
    /// The labels of a text; nil where none are wanted.
    public let encode: (@Sendable (_ text: String) throws -> [Int])?
    /// What a decoder's tokens begin with, before those of the text; empty for models without a decoder.
    public let decoderPrompt: [Int]

    public init(
        sampleRate: Int, inputs: @escaping @Sendable (_ clips: [Tensor]) throws -> ModelInputs,
        encode: (@Sendable (_ text: String) throws -> [Int])? = nil, decoderPrompt: [Int] = []
    ) {
        self.sampleRate = sampleRate
        self.inputs = inputs
        self.encode = encode
        self.decoderPrompt = decoderPrompt
    }
}
