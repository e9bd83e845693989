import Foundation
import Torch

/// What simple classifiers read out of frozen features.
public struct FeatureResult: Sendable, Equatable {
    /// Accuracy of a ``NeighbourClassifier``.
    public struct Neighbours: Sendable, Equatable {
        /// Neighbours that are asked.
        public let count: Int
        public let accuracy: Double
    }

    public let trainingCount: Int
    public let testCount: Int
    public let classCount: Int
    /// Accuracy of always naming the commonest class of the training samples.
    public let majorityAccuracy: Double
    public let neighbours: [Neighbours]
    /// See ``LinearProbe``.
    public let probeAccuracy: Double

    /// Standard error of a share of the test samples.
    private func deviation(_ share: Double) -> Double {
        (share * (1 - share) / Double(max(testCount, 1))).squareRoot()
    }

    /// Keys: `format` (1), `training_samples`, `test_samples`, `classes`, `majority_accuracy`,
    /// `neighbour_accuracy` (an object by the number of neighbours), `probe_accuracy`.
    public var json: JSONValue {
        var byCount = JSONObject()
        for entry in neighbours { byCount["\(entry.count)"] = .number(entry.accuracy) }
        return [
            "format": 1, "training_samples": .integer(trainingCount), "test_samples": .integer(testCount),
            "classes": .integer(classCount), "majority_accuracy": .number(majorityAccuracy),
            "neighbour_accuracy": .object(byCount), "probe_accuracy": .number(probeAccuracy),
        ]
    }

    /// One row for each classifier: accuracy and its standard error.
    public var table: ColumnTable {
        var table = ColumnTable(header: ["classifier", "accuracy", "±"])
        let rows =
            [("commonest class", majorityAccuracy)]
            + neighbours.map { ("\($0.count) neighbour\($0.count == 1 ? "" : "s")", $0.accuracy) }
            + [("linear probe", probeAccuracy)]
        for (name, accuracy) in rows {
            table.add(
                [name, Markup.number(accuracy, digits: 4), Markup.number(deviation(accuracy), digits: 4)])
        }
        return table
    }
}
