import Torch

/// Features of labelled samples, as a frozen model gives them.
public struct FeatureSet: Sendable {
    /// `[samples, width]` float32, of unit length, on the host.
    public let features: Tensor
    /// `[samples]` int64 in 0 ..< `classNames.count`, on the host.
    public let labels: Tensor
    /// What each sample is called, for instance its file; decides on which side of a split it is.
    public let names: [String]
    public let classNames: [String]

    /// - Throws: ``EvaluationError/mismatch(_:)`` where the parts do not fit each other.
    public init(features: Tensor, labels: Tensor, names: [String], classNames: [String]) throws {
        guard features.rank == 2, features.dataType == .float32, features.shape[0] == names.count else {
            throw EvaluationError.mismatch(
                "features must be float32 [\(names.count), width], found \(features.dataType) \(features.shape)"
            )
        }
        guard labels.shape == [names.count], labels.dataType == .int64 else {
            throw EvaluationError.mismatch(
                "labels must be int64 [\(names.count)], found \(labels.dataType) \(labels.shape)")
        }
        if !names.isEmpty {
            let lowest = try labels.minimum().item(Int.self)
            let highest = try labels.maximum().item(Int.self)
            guard lowest >= 0, highest < classNames.count else {
                throw EvaluationError.mismatch(
                    "labels must lie in 0...\(classNames.count - 1), found \(lowest)...\(highest)")
            }
        }
        self.features = features
        self.labels = labels
        self.names = names
        self.classNames = classNames
    }

    public var count: Int { names.count }

    /// Some of the samples, by their numbers.
    public func subset(_ indices: [Int]) throws -> FeatureSet {
        let rows = try Tensor(indices)
        return try FeatureSet(
            features: features.entries(rows), labels: labels.entries(rows),
            names: indices.map { names[$0] }, classNames: classNames)
    }
}
