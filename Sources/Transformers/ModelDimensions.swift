/// The sizes that costs depend on.
public struct ModelDimensions: Sendable, Equatable {
    /// The sizes of one stack of blocks.
    public struct Stack: Sendable, Equatable {
        public let stack: BlockStack
        public let blockCount: Int
        public let width: Int
        public let headCount: Int
        /// Tokens of one sample at the model's own input size; nil where it varies.
        public let tokenCount: Int?

        public init(
            _ stack: BlockStack = .encoder, blockCount: Int, width: Int, headCount: Int, tokenCount: Int?
        ) {
            self.stack = stack
            self.blockCount = blockCount
            self.width = width
            self.headCount = headCount
            self.tokenCount = tokenCount
        }
    }

    /// In the order in which they run; at least one.
    public let stacks: [Stack]
    /// Multiply-accumulates of the embeddings for one sample.
    public let embeddingCost: Int
    /// Multiply-accumulates of the embeddings for each token of the first stack.
    public let embeddingCostPerToken: Int
    /// Multiply-accumulates after the last block for one sample.
    public let headCost: Int
    /// Multiply-accumulates after the last block for each token of the last stack.
    public let headCostPerToken: Int

    public init(
        stacks: [Stack], embeddingCost: Int = 0, embeddingCostPerToken: Int = 0, headCost: Int = 0,
        headCostPerToken: Int = 0
    ) {
        self.stacks = stacks
        self.embeddingCost = embeddingCost
        self.embeddingCostPerToken = embeddingCostPerToken
        self.headCost = headCost
        self.headCostPerToken = headCostPerToken
    }

    /// The sizes of a model of one stack.
    public init(
        blockCount: Int, width: Int, headCount: Int, tokenCount: Int?, embeddingCost: Int,
        embeddingCostPerToken: Int = 0, headCost: Int, headCostPerToken: Int = 0
    ) {
        self.init(
            stacks: [
                Stack(blockCount: blockCount, width: width, headCount: headCount, tokenCount: tokenCount)
            ],
            embeddingCost: embeddingCost, embeddingCostPerToken: embeddingCostPerToken, headCost: headCost,
            headCostPerToken: headCostPerToken)
    }

    /// Blocks of all stacks.
    public var blockCount: Int { stacks.reduce(0) { $0 + $1.blockCount } }
    /// Channels of the last stack.
    public var width: Int { stacks.last?.width ?? 0 }
    /// Heads of the last stack.
    public var headCount: Int { stacks.last?.headCount ?? 0 }
    /// Tokens of one sample in the last stack; nil where it varies.
    public var tokenCount: Int? { stacks.last?.tokenCount }
}
