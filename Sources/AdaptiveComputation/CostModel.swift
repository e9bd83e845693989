import Torch
import Transformers

/// Multiply-accumulates of a model for one sample.
///
/// - Source: Wójcik et al. 2025, section 4 (their "FLOPs" are multiply-accumulates).
public struct ModelCost: Sendable, Equatable {
    /// One module with a choice of learners.
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

    /// - Parameter tokenCount: tokens of the sample; nil takes the model's own.
    /// - Throws: ``ModelError/invalidInput(_:)`` where neither is known.
    public init(_ model: AdaptiveModel, tokenCount given: Int? = nil) throws {
        let dimensions = model.network.dimensions
        guard let tokens = given ?? dimensions.tokenCount else {
            throw ModelError.invalidInput("The cost of this model depends on the number of tokens; give it.")
        }
        var dense: [SlotPlace: Int] = [:]
        var adaptive: [SlotPlace: Adaptive] = [:]
        var activations = 0
        for place in model.network.slotPlaces {
            switch model.network.slot(at: place) {
            case let linear as Linear:
                dense[place] = tokens * linear.inputWidth * linear.outputWidth
            case let feedForward as FeedForward:
                dense[place] = 2 * tokens * feedForward.inputWidth * feedForward.hiddenWidth
                activations += tokens * feedForward.hiddenWidth
            case let module as AdaptiveModule:
                adaptive[place] = Adaptive(
                    gate: tokens * module.gate.cost, learner: tokens * module.learnerCost,
                    learnerCount: module.learners.count)
                activations += tokens * module.learners.count * module.learners.learnerWidth
            default:
                continue
            }
        }
        let blocks = dimensions.blockCount
        embedding = dimensions.embeddingCost + tokens * dimensions.embeddingCostPerToken
        attentionCore = 2 * blocks * tokens * tokens * dimensions.width
        head = dimensions.headCost + tokens * dimensions.headCostPerToken
        let softmax = 5 * blocks * dimensions.headCount * tokens * tokens
        let norms = 5 * (2 * blocks + 1) * tokens * dimensions.width
        elementWise = softmax + norms + activations
        self.dense = dense
        self.adaptive = adaptive
    }
}
