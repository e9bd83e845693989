import Torch
import Transformers

/// Multiply-accumulates of a model for one sample.
///
/// - Source: Wójcik et al. 2025, section 4 (their "FLOPs" are multiply-accumulates).
public struct ModelCost: Sendable, Equatable {
    /// One module with a choice of learners, or of other parts.
    public struct Adaptive: Sendable, Equatable {
        /// The gate, over all tokens.
        public let gate: Int
        /// One learner, over all tokens.
        public let learner: Int
        public let learnerCount: Int
    }

    public let embedding: Int
    /// `query · keyᵀ` and the weighted sum of values, all blocks.
    public let attentionCore: Int
    /// Slots that hold dense modules.
    public let dense: [SlotPlace: Int]
    public let adaptive: [SlotPlace: Adaptive]
    public let head: Int
    /// Operations, not multiply-accumulates, of softmax and norms (5 an element) and activations
    /// (1 an element); they are in no total.
    public let elementWise: Int

    /// All learners of all adaptive modules: what the load is a share of.
    public var adaptable: Int {
        adaptive.values.reduce(0) { $0 + $1.learner * $1.learnerCount }
    }

    /// All that runs whatever the gates choose, the gates included.
    public var fixed: Int {
        embedding + attentionCore + head + dense.values.reduce(0, +)
            + adaptive.values.reduce(0) { $0 + $1.gate }
    }

    /// - Parameter load: share of the adaptable cost that runs; 1 runs everything.
    public func total(load: Double = 1) -> Double {
        Double(fixed) + load * Double(adaptable)
    }

    /// - Parameters:
    ///   - model: a dense or an adaptive one.
    ///   - given: tokens of the last stack, of a model of one stack all tokens of the
    ///     sample; nil takes the model's own.
    /// - Throws: `ModelError.invalidInput(_:)` where neither is known.
    public init(_ model: AdaptiveModel, tokenCount given: Int? = nil) throws {
        let dimensions = model.network.dimensions
        let tokens = try Self.tokenCounts(dimensions, given)
        var dense: [SlotPlace: Int] = [:]
        var adaptive: [SlotPlace: Adaptive] = [:]
        var activations = 0
        for place in model.network.slotPlaces {
            let tokens = tokens[place.tokenStack] ?? 0
            switch model.network.slot(at: place) {
            case let linear as PackedLinear:
                dense[place] = tokens * linear.inputWidth * linear.outputWidth
            case let feedForward as PackedFeedForward:
                dense[place] = 2 * tokens * feedForward.inputWidth * feedForward.hiddenWidth
                activations += tokens * feedForward.hiddenWidth
            case let linear as Linear:
                dense[place] = tokens * linear.inputWidth * linear.outputWidth
            case let feedForward as FeedForward:
                dense[place] = 2 * tokens * feedForward.inputWidth * feedForward.hiddenWidth
                activations += tokens * feedForward.hiddenWidth
            case let feedForward as SwiGLUFeedForward:
                dense[place] = 3 * tokens * feedForward.inputWidth * feedForward.hiddenWidth
                activations += 2 * tokens * feedForward.hiddenWidth
            case let slot as any PartitionedSlot:
                adaptive[place] = Adaptive(
                    gate: tokens * slot.choiceCost, learner: tokens * slot.partCost,
                    learnerCount: slot.partCount)
                activations += tokens * slot.hiddenWidth
            default:
                continue
            }
        }
        var core = 0
        var softmax = 0
        var norms = 0
        for sizes in dimensions.stacks {
            let own = tokens[sizes.stack] ?? 0
            let pairs = Self.attendedPairs(sizes.stack, tokens)
            core += 2 * sizes.blockCount * pairs * sizes.width
            softmax += 5 * sizes.blockCount * sizes.headCount * pairs
            let normsOfBlock = sizes.stack == .decoder ? 3 : 2
            norms += 5 * (normsOfBlock * sizes.blockCount + 1) * own * sizes.width
        }
        let (first, last) = (dimensions.stacks.first?.stack, dimensions.stacks.last?.stack)
        embedding =
            dimensions.embeddingCost
            + dimensions.embeddingCostPerToken * (first.flatMap { tokens[$0] } ?? 0)
        attentionCore = core
        head = dimensions.headCost + dimensions.headCostPerToken * (last.flatMap { tokens[$0] } ?? 0)
        elementWise = softmax + norms + activations
        self.dense = dense
        self.adaptive = adaptive
    }

    private static func tokenCounts(
        _ dimensions: ModelDimensions, _ given: Int?
    ) throws -> [BlockStack: Int] {
        var counts: [BlockStack: Int] = [:]
        for (number, sizes) in dimensions.stacks.enumerated() {
            let isLast = number == dimensions.stacks.count - 1
            guard let count = isLast ? given ?? sizes.tokenCount : sizes.tokenCount else {
                throw ModelError.invalidInput(
                    "The cost of this model depends on the number of tokens; give it.")
            }
            counts[sizes.stack] = count
        }
        return counts
    }

    /// Pairs of tokens that attend to each other in one block: an encoder's all to all, a decoder's
    /// to themselves and those before and to all of the encoder's.
    private static func attendedPairs(_ stack: BlockStack, _ tokens: [BlockStack: Int]) -> Int {
        let own = tokens[stack] ?? 0
        return switch stack {
        case .encoder: own * own
        case .decoder: own * (own + 1) / 2 + own * (tokens[.encoder] ?? 0)
        }
    }
}
