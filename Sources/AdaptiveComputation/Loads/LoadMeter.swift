import Torch
import Transformers

/// Counts what the adaptive modules of a model chose, over the real tokens of many passes.
public struct LoadMeter: Sendable, Equatable {
    /// A module at which at least this share of the tokens makes one and the same choice counts as
    /// collapsed: its gate no longer tells tokens apart.
    public static let collapseThreshold = 0.99

    /// In the order of the model's configuration.
    public private(set) var modules: [ModuleLoad]

    /// - Parameter modules: what to count; places in a trace that are not among them are refused.
    public init(_ modules: [ModuleLoad]) {
        self.modules = modules
    }

    /// A meter for all modules of a model that can run in part; none for a dense one.
    public init(_ model: AdaptiveModel) {
        self.init(
            model.network.slotPlaces.compactMap { place in
                (model.network.slot(at: place) as? any PartitionedSlot).map {
                    ModuleLoad(place: place, learnerCost: $0.partCost, learnerCount: $0.partCount)
                }
            })
    }

    /// Adds the decisions of a pass that has run.
    ///
    /// - Throws: `ModelError.invalidSlot` for a module or a choice that the meter does not know.
    public mutating func add(_ pass: AdaptivePass) throws {
        for decision in pass.trace {
            try add(decision.choices, mask: pass.tokenMask(at: decision.place), at: decision.place)
        }
    }

    /// - Parameters:
    ///   - choices: learners that ran, `[batch, tokens]` int64.
    ///   - mask: `[batch, tokens]` bool, true for real tokens; nil where all are.
    ///   - place: the module that chose.
    public mutating func add(_ choices: Tensor, mask: Tensor?, at place: SlotPlace) throws {
        guard let index = modules.firstIndex(where: { $0.place == place }) else {
            throw ModelError.invalidSlot("The load meter has no module \(place).")
        }
        let binCount = modules[index].histogram.count
        let real = try mask.map { try choices.rows(where: $0) } ?? choices.flattened()  // [real tokens]
        let counts = try real.countBins(binCount).array(of: Int.self)
        guard counts.count == binCount else {
            throw ModelError.invalidSlot(
                "\(place) has \(binCount - 1) learners, a token ran \(counts.count - 1).")
        }
        for (choice, count) in counts.enumerated() { modules[index].histogram[choice] += count }
    }

    /// Puts other counts in the place of all histograms, such as their sums over several processes.
    ///
    /// - Parameter change: gets the histograms one after the other and gives as many numbers.
    public mutating func replaceCounts(_ change: ([Int]) throws -> [Int]) throws {
        var counts = try change(modules.flatMap(\.histogram))[...]
        for index in modules.indices {
            let bins = modules[index].histogram.count
            guard counts.count >= bins else {
                throw ModelError.invalidSlot("The load meter got too few counts.")
            }
            modules[index].histogram = Array(counts.prefix(bins))
            counts = counts.dropFirst(bins)
        }
    }

    /// `Σ p·k / Σ p·N` over tokens and modules, `p` the cost of a learner; 1 for a dense model, which
    /// runs all it has.
    public var load: Double {
        let available = modules.reduce(0) { $0 + $1.available }
        return available == 0 ? 1 : Double(modules.reduce(0) { $0 + $1.spent }) / Double(available)
    }

    /// The modules whose commonest choice reaches ``collapseThreshold``.
    public var collapsed: [SlotPlace] {
        modules.filter { $0.commonestShare >= Self.collapseThreshold }.map(\.place)
    }

    /// The same without those whose choice is what was asked for: all learners at budget 1.
    public func collapsed(budget: Double) -> [SlotPlace] {
        let asked = budget == 1 ? modules.filter { $0.commonestChoice != $0.learnerCount } : modules
        return LoadMeter(asked).collapsed
    }
}
