import Datasets
import Torch

extension FeatureSet {
    /// Parts for training and test; the hash of a sample's name decides (see `HashSplit`).
    ///
    /// - Parameter testShare: of the samples, 0…1.
    public func split(testShare: Double) throws -> (training: FeatureSet, test: FeatureSet) {
        let isTest = names.map { HashSplit.place(of: $0) < testShare }
        return (
            try subset(names.indices.filter { !isTest[$0] }), try subset(names.indices.filter { isTest[$0] })
        )
    }

    /// Fits simple classifiers on these samples and measures them on others.
    ///
    /// - Parameters:
    ///   - test: the others, with the same classes and width.
    ///   - neighbours: numbers of neighbours to ask; those above the number of samples are
    ///     left out.
    /// - Throws: ``EvaluationError/tooFewSamples(needed:found:)``,
    ///   ``EvaluationError/mismatch(_:)`` for other classes or another width.
    public func evaluate(on test: FeatureSet, neighbours: [Int] = [1, 20]) throws -> FeatureResult {
        for set in [self, test] where set.count == 0 {
            throw EvaluationError.tooFewSamples(needed: 1, found: 0)
        }
        guard test.classNames == classNames, try test.features.size(1) == features.size(1) else {
            throw EvaluationError.mismatch(
                "Training and test features must have one width and one list of classes")
        }
        let counts = neighbours.filter { $0 <= count }
        let classifier = try NeighbourClassifier(
            references: features, labels: labels, classCount: classNames.count)
        let accuracies = try classifier.accuracy(test.features, labels: test.labels, neighbours: counts)
        let probe = try LinearProbe(embeddings: features, labels: labels, classCount: classNames.count)
        let commonest = try labels.countBins(classNames.count).argMax(axis: 0).item(Int.self)
        return FeatureResult(
            trainingCount: count, testCount: test.count, classCount: classNames.count,
            majorityAccuracy: try test.labels.equals(Double(commonest)).to(nil, .float32).mean().item(
                Double.self),
            neighbours: zip(counts, accuracies).map { .init(count: $0, accuracy: $1) },
            probeAccuracy: try probe.accuracy(test.features, labels: test.labels))
    }
}
