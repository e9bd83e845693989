import Conversion
import Foundation
import Torch

/// Tells the folder of a dense model from one that a conversion or a baseline has written.
///
/// A baseline may have the very tensors of its dense model: the key in `config.json` tells that it is none.
public enum DenseBase {
    /// - Parameters:
    ///   - folder: of the model to start from.
    ///   - takesConverted: whether a converted model will do, too.
    /// - Throws: `ConversionError.order(_:)` where the model is of another kind; what reading `config.json` throws.
    public static func check(_ folder: URL, takesConverted: Bool = false) throws {
        let configuration = try JSONValue(contentsOf: folder.appendingPathComponent("config.json"))
        let keys = [EarlyExitModel.key, MoEfication.key, TokenHaltingModel.key, TokenMergingModel.key]
        let found = keys.first { configuration[$0] != nil }
        guard found == nil, takesConverted || configuration["acm"] == nil else {
            let kind = found.map { "a baseline (\($0))" } ?? "converted"
            throw ConversionError.order(
                "\(folder.relativePath) is \(kind): name the dense model that it came from")
        }
    }
}
