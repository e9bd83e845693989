import Torch
import Transformers

/// How well one module follows the dense one with each number of learners.
public struct ModuleLadder: Sendable, Equatable {
    public let place: SlotPlace
    /// At index k the error with k learners, `Σ ‖H(z, k) − o‖² / Σ ‖o − mean o‖²` over real tokens:
    /// 0 where nothing is lost, 1 where the mean alone is known. `learnerCount + 1` entries.
    public let errors: [Double]
    /// The fewest learners that a token may get.
    public let minimumChoice: Int
    /// Real tokens that it was measured on.
    public let tokenCount: Int

    public init(place: SlotPlace, errors: [Double], minimumChoice: Int, tokenCount: Int) {
        self.place = place
        self.errors = errors
        self.minimumChoice = minimumChoice
        self.tokenCount = tokenCount
    }

    public var learnerCount: Int { errors.count - 1 }
}

/// Measures the ladders of all adaptive modules of a model against the dense one, batch by batch.
///
/// Every module gets the dense model's input, as in phase I, so no module's error reaches another.
public final class LadderMeter {
    private struct Sums {
        /// `[learnerCount + 1]` float64.
        var errors: Tensor
        /// `[outputWidth]` float64, of outputs.
        var outputs: Tensor
        /// A float64 scalar, of the outputs' squares.
        var squares: Tensor
        var count: Int
    }

    private let modules: [(place: SlotPlace, module: AdaptiveModule)]
    private let dense: any TransformerModel
    private var sums: [SlotPlace: Sums] = [:]

    /// - Parameters:
    ///   - model: the adaptive model.
    ///   - dense: the one that it came from, on the same device.
    public init(_ model: AdaptiveModel, dense: any TransformerModel) {
        modules = model.modules
        self.dense = dense
    }

    /// Runs the dense model on one batch and every module on what its slot saw.
    public func add(_ inputs: ModelInputs) throws {
        try withoutGradients {
            let known = Dictionary(uniqueKeysWithValues: modules.map { ($0.place, $0.module) })
            let pass = ForwardPass()
            pass.observe = { [self] pass, place, input, output in
                guard let module = known[place] else { return }
                try add(
                    module, input: pass.realRows(of: input, at: place),
                    output: pass.realRows(of: output, at: place), at: place)
            }
            _ = try dense(inputs, pass)
        }
    }

    /// - Parameters: `input [rows, inputWidth]`, `output [rows, outputWidth]` of the dense module.
    private func add(
        _ module: AdaptiveModule, input: Tensor, output: Tensor, at place: SlotPlace
    ) throws {
        let output = try output.to(nil, .float64)
        let none = try (module.learners.bias.to(nil, .float64) - output).square().sum()
        // One learner count after the other: all at once would take that many times the memory.
        let prefixes = try module.learners.prefixes(input)
        let some = try (0..<module.learners.count).map {
            try (prefixes.select($0, axis: 0).to(nil, .float64) - output).square().sum()
        }
        let errors = try Tensor.stacked([none] + some)
        let (outputs, squares) = (try output.sum(axis: 0), try output.square().sum())
        let count = try input.size(0)
        guard let before = sums[place] else {
            sums[place] = Sums(errors: errors, outputs: outputs, squares: squares, count: count)
            return
        }
        sums[place] = Sums(
            errors: try before.errors + errors, outputs: try before.outputs + outputs,
            squares: try before.squares + squares, count: before.count + count)
    }

    /// The ladders of all modules, in the order of the model's configuration.
    ///
    /// - Throws: `ModelError.invalidInput(_:)` where no tokens were added.
    public func ladders() throws -> [ModuleLadder] {
        try modules.map { place, module in
            guard let sum = sums[place], sum.count > 0 else {
                throw ModelError.invalidInput("There is no data to measure \(place) on.")
            }
            let meanSquare = try sum.outputs.square().sum().item(Double.self) / Double(sum.count)
            let squares = try sum.squares.item(Double.self)
            // Outputs that do not differ at all are compared with their own size.
            let spread = squares - meanSquare > 1e-12 * squares ? squares - meanSquare : squares
            return ModuleLadder(
                place: place,
                errors: try sum.errors.array(of: Double.self).map { $0 / (spread > 0 ? spread : 1) },
                minimumChoice: module.minimumChoice, tokenCount: sum.count)
        }
    }
}
