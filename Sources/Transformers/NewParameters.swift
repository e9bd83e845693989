import Torch

/// A model that draws some of its parameters in its own way when it is new.
public protocol OwnReset: TransformerModel {
    /// Draws a parameter.
    ///
    /// - Parameters:
    ///   - name: its path.
    ///   - tensor: what is overwritten.
    /// - Returns: false for a parameter that is drawn as those of other models are.
    func resetOwn(_ name: String, _ tensor: Tensor) throws -> Bool
}

extension TransformerModel {
    /// Draws all parameters as transformers does for a new model: biases 0, scales of norms 1, all
    /// others from a normal distribution whose deviation `config.json` gives as `initializer_range`,
    /// 0.02 where it does not; layer scales start at its `layerscale_value`. An ``OwnReset`` says what
    /// else there is.
    ///
    /// - Parameter names: the parameters to draw, by their paths; nil draws all.
    /// - Throws: `JSONError` for a value that makes no sense.
    public func reset(only names: Set<String>? = nil) throws {
        let reader = try JSONObjectReader(configuration, source: "config.json")
        let deviation = try reader.double("initializer_range", default: 0.02, in: 0...1)
        let scale = try reader.double("layerscale_value", default: 1, in: 0...1e6)
        try withoutGradients {
            for (name, tensor) in namedParameters() where names?.contains(name) ?? true {
                if let own = self as? any OwnReset, try own.resetOwn(name, tensor) { continue }
                switch name.split(separator: ".").last {
                case "bias": try tensor.fillInPlace(0)
                case "scale": try tensor.fillInPlace(scale)
                case "weight" where tensor.rank == 1: try tensor.fillInPlace(1)
                default: try tensor.fillNormalInPlace(deviation: deviation)
                }
            }
        }
    }
}
