import Datasets
import Testing
import Torch
import Transformers

@testable import Conversion

/// A batch in parts of three samples must give the gradients of the whole, to rounding.
///
/// - Parameters:
///   - tolerance: of the largest gradient.
///   - load: the network before the step.
func expectSameGradientsInParts(
    _ options: DenseOptions, _ data: any Dataset, tolerance: Double, _ load: () throws -> any TransformerModel
) throws {
    func gradients(_ size: Int) throws -> [Double] {
        var options = options
        options.optimisation.microBatchSize = size
        options.optimisation.gradientNorm = 1e6
        let network = try load()
        let training = try PartwiseTraining.dense(
            network, options, data, .cpu, loading: LoadingOptions(workers: 0))
        _ = try training.step(0, readsValues: true)
        return try network.namedParameters().flatMap {
            try $0.tensor.gradient?.array(of: Double.self) ?? []
        }
    }
    let (found, wanted) = (try gradients(3), try gradients(0))
    let largest = wanted.map(abs).max() ?? 0
    #expect(found.count == wanted.count && largest > 0)
    #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < tolerance * largest })
}
