/// What the tokens of one sample got in one block.
public struct BlockLoads: Codable, Sendable, Equatable {
    /// Its number, from 0.
    public let block: Int
    /// For each token `Σ p·k / Σ p·N` over the block's modules, `p` the cost of a learner; 0…1.
    public let loads: [Double]

    public init(block: Int, loads: [Double]) {
        self.block = block
        self.loads = loads
    }
}
