import Torch

/// What goes from one block of an encoder to the next.
public struct BlockFlow {
    /// `[batch, tokens, width]`.
    public var states: Tensor
    /// Tokens that are attended to, `[batch, tokens]` bool; nil for all.
    public var mask: Tensor?
    /// How many tokens each one stands for, which attention counts as so many: `[batch, tokens]` float32; nil
    /// where each is one. Not together with a mask.
    public var sizes: Tensor?

    public init(states: Tensor, mask: Tensor? = nil, sizes: Tensor? = nil) {
        self.states = states
        self.mask = mask
        self.sizes = sizes
    }
}

extension ForwardPass {
    /// Runs the blocks of an encoder one after the other, and ``betweenBlocks`` after each of them.
    ///
    /// - Parameters:
    ///   - input: of the first block, `[batch, tokens, width]`; kept as the blocks' outputs are.
    ///   - mask: tokens that are attended to, `[batch, tokens]` bool; nil for all.
    ///   - count: how many blocks there are.
    ///   - norms: of pre-norm blocks' inputs, and perhaps of the last output.
    ///   - block: runs one on its input, by its number, with the mask as `[batch, 1, 1, tokens]`: bool, or of
    ///     the input's type and added to the scores.
    /// - Returns: the output of the last block that ran.
    func runBlocks(
        _ input: Tensor, mask: Tensor? = nil, count: Int, norms: [LayerNorm] = [],
        _ block: @escaping (Tensor, Int, Tensor?, ForwardPass) throws -> Tensor
    ) throws -> Tensor {
        keep(input)
        paddedTokenCount = try input.size(1)
        var flow = BlockFlow(states: input, mask: mask)
        let masks = tokenMasks
        defer { (tokenMasks, followingNorm) = (masks, nil) }
        for index in 0..<count {
            let attended = try flow.sizes.map { try $0.logarithm().to(nil, input.dataType) } ?? flow.mask
            let mask = try attended?.unsqueezed(1).unsqueezed(1)
            // What is between the blocks may change the states.
            followingNorm = betweenBlocks == nil ? norms.dropFirst(index + 1).first : nil
            flow.states = try runBlock([flow.states]) { try block($0[0], index, mask, $1) }
            keep(flow.states)
            guard let betweenBlocks else { continue }
            guard try betweenBlocks(index, &flow) else { break }
            tokenMask = flow.mask
        }
        return flow.states
    }
}
