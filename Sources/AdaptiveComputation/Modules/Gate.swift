import Torch

private enum Operators {
    static let choice = Operator("acm::gate_choice")
    static let addLayerNormChoice = Operator("acm::add_layer_norm_choose")
}

/// The network that chooses the number of learners for a token.
///
/// `logits = g(z) + u(β)`: g has two hidden layers with GELU between, u one; gates that are not
/// conditioned on the budget have no u. Once budgets are calibrated, their offsets take the place of u.
///
/// - Input: `[batch, tokens, inputWidth]`; output: `[batch, tokens, allowedChoices]` float32.
/// - Source: Wójcik et al. 2025, section 3.1; u is this project's own.
public struct Gate: Layer {
    public let layers: [Linear]
    /// Empty for a gate that is not conditioned on the budget.
    public let budgetLayers: [Linear]
    /// nil before the model's budgets are calibrated.
    public var offsets: BudgetOffsets?

    public init(
        inputWidth: Int, hiddenWidth: Int, allowedChoices: Int, isBudgetConditioned: Bool
    ) throws {
        layers = [
            try Linear(inputWidth: inputWidth, outputWidth: hiddenWidth),
            try Linear(inputWidth: hiddenWidth, outputWidth: hiddenWidth),
            try Linear(inputWidth: hiddenWidth, outputWidth: allowedChoices),
        ]
        budgetLayers =
            isBudgetConditioned
            ? [
                try Linear(inputWidth: 1, outputWidth: hiddenWidth),
                try Linear(inputWidth: hiddenWidth, outputWidth: allowedChoices),
            ] : []
    }

    public var children: [(name: String, layer: any Layer)] {
        layers.enumerated().map { ("\($0)", $1) }
            + budgetLayers.enumerated().map { ("budget.\($0)", $1) }
    }

    /// - Parameters:
    ///   - input: `[batch, tokens, inputWidth]`.
    ///   - budget: 0…1.
    ///   - shift: `[allowedChoices]` float32, added where budgets are not calibrated.
    /// - Returns: the logits, `[batch, tokens, allowedChoices]` float32.
    public func callAsFunction(_ input: Tensor, budget: Double, shift: Tensor? = nil) throws -> Tensor {
        let logits = try tokenTerm(input)
        return try budgetTerm(budget, shift: shift).map { try logits + $0 } ?? logits
    }

    /// The logits at several budgets, from one look at the tokens.
    ///
    /// - Parameters:
    ///   - input: `[rows, inputWidth]`.
    ///   - budgets: each 0…1.
    /// - Returns: `[budgets, rows, allowedChoices]`.
    public func callAsFunction(_ input: Tensor, budgets: [Double]) throws -> Tensor {
        let term = try tokenTerm(input)
        return try .stacked(budgets.map { try budgetTerm($0).map { try term + $0 } ?? term })
    }

    /// g(z): `[batch, tokens, allowedChoices]` float32.
    func tokenTerm(_ input: Tensor) throws -> Tensor {
        try layers[2](layers[1](layers[0](input).gelu()).gelu()).to(nil, .float32)
    }

    /// The calibrated offsets, or else u(β) and the shift: `[allowedChoices]`; nil for a gate that has none of them.
    func budgetTerm(_ budget: Double, shift: Tensor? = nil) throws -> Tensor? {
        let device = layers[0].weight.device
        if let offsets { return try Tensor(offsets.row(at: budget).map(Float.init)).to(device) }
        guard budgetLayers.count == 2 else { return shift }
        let value = try Tensor.full([1], budget, budgetLayers[0].weight.dataType, device: device)
        let term = try budgetLayers[1](budgetLayers[0](value).gelu())
        return try shift.map { try term + $0 } ?? term
    }

    /// The most likely choice of each token, without noise and without gradients.
    ///
    /// It is the argument of the maximum of ``callAsFunction(_:budget:shift:)``: of equal logits the first, and one that
    /// is no number is the largest. On a GPU one kernel does it all; calibrated offsets reach it as numbers, so
    /// that nothing is copied to the device.
    ///
    /// - Parameters:
    ///   - input: `[…, inputWidth]`, of the gate's type.
    ///   - shift: as for ``callAsFunction(_:budget:shift:)``.
    ///   - minimum: what the first allowed choice stands for.
    /// - Returns: `[…]` int64.
    func choices(_ input: Tensor, budget: Double, shift: Tensor? = nil, minimum: Int) throws -> Tensor {
        try Operators.choice(
            .tensor(input), .tensor(layers[0].weight), .optionalTensor(layers[0].bias),
            .tensor(layers[1].weight), .optionalTensor(layers[1].bias),
            .tensor(layers[2].weight), .optionalTensor(layers[2].bias),
            .doubles(offsets?.row(at: budget) ?? []),
            .optionalTensor(offsets == nil ? budgetTerm(budget, shift: shift) : nil), .int(minimum))
    }

    /// `residual + scale(input)`, its norm, and the most likely choices for that, by one kernel on a GPU; see
    /// ``choices(_:budget:shift:minimum:)``.
    ///
    /// - Parameters:
    ///   - input: `[…, inputWidth]`, of the gate's type.
    ///   - scale: nil for `residual + input`.
    ///   - residual: of the same shape.
    func choices(
        _ input: Tensor, scaledBy scale: LayerScale?, addedTo residual: Tensor, normalisedBy norm: LayerNorm,
        budget: Double, shift: Tensor? = nil, minimum: Int
    ) throws -> (sum: Tensor, normed: Tensor, choices: Tensor) {
        let results = try Operators.addLayerNormChoice.tensors(
            .tensor(input), .tensor(residual),
            .tensor(norm.weight), .tensor(norm.bias), .double(norm.epsilon),
            .tensor(layers[0].weight), .optionalTensor(layers[0].bias),
            .tensor(layers[1].weight), .optionalTensor(layers[1].bias),
            .tensor(layers[2].weight), .optionalTensor(layers[2].bias),
            .doubles(offsets?.row(at: budget) ?? []),
            .optionalTensor(offsets == nil ? budgetTerm(budget, shift: shift) : nil), .int(minimum),
            .optionalTensor(scale?.scale), capacity: 3)
        return (results[0], results[1], results[2])
    }

    /// Multiply-accumulates for one token.
    public var cost: Int {
        layers.reduce(0) { $0 + $1.inputWidth * $1.outputWidth }
    }

    /// Draws all layers anew.
    public func reset() throws {
        for layer in layers + budgetLayers { try layer.reset() }
    }
}
