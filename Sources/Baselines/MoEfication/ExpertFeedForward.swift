import AdaptiveComputation
import Torch
import Transformers

private enum Operators {
    static let linear = Operator("aten::linear")
    static let addRows = Operator("aten::index_add_")
    static let scatter = Operator("aten::scatter", "value")
}

/// A feed-forward with ReLU whose hidden neurons are parted into experts; a router picks those that a token
/// runs.
///
/// `bias + Σ_{e picked} w2_e · relu(w1_e · z + b1_e)`: with all experts it is the dense feed-forward. Of a
/// pass with budget β the experts with the ⌈β · count⌋ highest scores run, one at least.
///
/// - Input: `[batch, tokens, inputWidth]`; output: `[batch, tokens, outputWidth]`.
/// - Parameters: `w1 [experts · expertWidth, inputWidth]`, `b1 [experts · expertWidth]`,
///   `w2 [outputWidth, experts · expertWidth]`, `bias [outputWidth]`, one expert's rows after another's; and
///   a router of two layers.
/// - Source: Zhang et al. 2022 (arXiv 2110.01786), section 3.
public struct ExpertFeedForward: PartitionedSlot {
    public let w1: Tensor
    public let b1: Tensor
    public let w2: Tensor
    public let bias: Tensor
    /// `scores = router[1](tanh(router[0](z)))`, without biases.
    public let router: [Linear]

    public init(inputWidth: Int, outputWidth: Int, expertCount: Int, expertWidth: Int, routerWidth: Int)
        throws
    {
        let hidden = expertCount * expertWidth
        w1 = try .empty([hidden, inputWidth])
        b1 = try .empty([hidden])
        w2 = try .empty([outputWidth, hidden])
        bias = try .empty([outputWidth])
        router = [
            try Linear(inputWidth: inputWidth, outputWidth: routerWidth, hasBias: false),
            try Linear(inputWidth: routerWidth, outputWidth: expertCount, hasBias: false),
        ]
    }

    public var parameters: [(name: String, tensor: Tensor)] {
        [("moe.w1", w1), ("moe.b1", b1), ("moe.w2", w2), ("moe.bias", bias)]
    }

    public var children: [(name: String, layer: any Layer)] {
        router.enumerated().map { ("moe.router.\($0)", $1) }
    }

    public var inputWidth: Int { w1.shape[1] }
    public var outputWidth: Int { w2.shape[0] }
    public var hiddenWidth: Int { w1.shape[0] }
    public var expertWidth: Int { hiddenWidth / partCount }
    public var partCount: Int { router[1].outputWidth }
    public var partCost: Int { expertWidth * (inputWidth + outputWidth) }
    public var choiceCost: Int {
        router.reduce(0) { $0 + $1.inputWidth * $1.outputWidth }
    }

    public func callAsFunction(_ input: Tensor, at place: SlotPlace, _ pass: ForwardPass) throws -> Tensor {
        let adaptive = pass as? AdaptivePass
        let share = (adaptive?.budget ?? 1) * Double(partCount)
        let count = min(partCount, max(1, Int(share.rounded())))
        let tokens = Array(input.shape.dropLast())
        adaptive?.record(
            GateDecision(
                place: place, choices: try .full(tokens, Double(count), .int64, device: input.device)))
        let rows = try input.to(nil, w1.dataType).reshaped([-1, inputWidth])
        return try run(rows, count, skips: rows.device == .cpu).reshaped(tokens + [outputWidth])
    }

    /// - Parameters:
    ///   - rows: `[rows, inputWidth]`.
    ///   - count: experts that each row runs.
    ///   - skips: whether one expert runs after another, on its rows alone; else all run, and what was not
    ///     picked is set to zero, which a GPU does faster.
    /// - Returns: `[rows, outputWidth]`.
    func run(_ rows: Tensor, _ count: Int, skips: Bool) throws -> Tensor {
        let chosen = try count == partCount ? nil : scores(rows).largest(count).indices  // [rows, count]
        if let chosen, skips { return try expertByExpert(rows, chosen) }
        var hidden = try hidden(rows, 0..<hiddenWidth)
        if let chosen {
            let picked = try Operators.scatter(
                .tensor(.zeros([rows.size(0), partCount], hidden.dataType, device: rows.device)), .int(-1),
                .tensor(chosen), .int(1))
            hidden = try (hidden.reshaped([-1, partCount, expertWidth]) * picked.unsqueezed(-1))
                .flattened(from: 1)
        }
        return try Operators.linear(.tensor(hidden), .tensor(w2), .tensor(bias))
    }

    /// - Parameters:
    ///   - rows: `[rows, inputWidth]`.
    ///   - chosen: the experts of each row, `[rows, count]`.
    /// - Returns: `[rows, outputWidth]`.
    private func expertByExpert(_ rows: Tensor, _ chosen: Tensor) throws -> Tensor {
        let order = try chosen.flattened().sorted().indices  // pairs of row and expert, by the expert
        let places = try Tensor.range(0..<rows.size(0), device: rows.device).unsqueezed(1)
            .expanded(chosen.shape).flattened().entries(order)
        let sizes = try chosen.flattened().countBins(partCount)
        let output = try bias.expanded([rows.size(0), outputWidth]).clone()
        var first = 0
        for (expert, size) in try sizes.array(of: Int.self).enumerated() where size > 0 {
            let own = try places.slice(first..<first + size, axis: 0)
            let neurons = expert * expertWidth..<(expert + 1) * expertWidth
            let added = try hidden(rows.entries(own), neurons)
                .matmul(w2.slice(neurons, axis: 1).transposed(0, 1))
            try Operators.addRows(.tensor(output), .int(0), .tensor(own), .tensor(added))
            first += size
        }
        return output
    }

    private func hidden(_ rows: Tensor, _ neurons: Range<Int>) throws -> Tensor {
        try Operators.linear(
            .tensor(rows), .tensor(w1.slice(neurons, axis: 0)), .tensor(b1.slice(neurons, axis: 0))
        ).relu()
    }

    /// What the router expects of each expert: `[rows, experts]`.
    func scores(_ rows: Tensor) throws -> Tensor {
        try router[1](router[0](rows).tanh())
    }

    /// The sum of each expert's activations, over that of the strongest one: `[rows, experts]`, 0…1.
    func activity(_ rows: Tensor) throws -> Tensor {
        let sums = try hidden(rows, 0..<hiddenWidth).to(nil, .float32)
            .reshaped([-1, partCount, expertWidth]).sum(axis: -1)
        let strongest = try sums.maximum(axes: [1], keepDimension: true)
        return try sums / strongest.clamped(minimum: 1e-12)
    }
}
