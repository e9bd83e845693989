import Torch

/// How often a classifier names the right class, and how sure it is of it.
///
/// `top1` and `top5` are the shares of the samples whose label is the likeliest class, or among the five
/// likeliest; `loss` is the mean of `-log softmax(logits)[label]`.
public struct ClassAccuracy: Sendable, Equatable {
    public private(set) var sampleCount = 0
    public private(set) var classCount = 0
    public private(set) var top1Count = 0
    public private(set) var top5Count = 0
    private var lossSum = 0.0

    /// Of no samples.
    public init() {}

    /// With some more samples.
    ///
    /// - Parameters: `logits [batch, classes]`, `labels [batch]` int64.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for labels of another shape.
    public func adding(_ logits: Tensor, labels: Tensor) throws -> ClassAccuracy {
        guard logits.rank == 2, labels.shape == [logits.shape[0]] else {
            throw EvaluationError.mismatch(
                "Accuracy needs logits [batch, classes] and labels [batch], found \(logits.shape) and \(labels.shape)"
            )
        }
        var sum = self
        let logits = try logits.to(nil, .float32)
        sum.sampleCount += logits.shape[0]
        sum.classCount = logits.shape[1]
        sum.top1Count += try logits.argMax(axis: -1).equals(labels).to(nil, .int64).sum().item(Int.self)
        let likeliest = try logits.largest(min(5, sum.classCount)).indices  // [batch, 5]
        sum.top5Count += try likeliest.equals(labels.unsqueezed(-1)).to(nil, .int64).sum().item(Int.self)
        sum.lossSum += try Loss.crossEntropy(logits, labels).item(Double.self) * Double(logits.shape[0])
        return sum
    }

    public var top1: Double { share(top1Count) }
    /// nil for five classes or fewer, among which every label is.
    public var top5: Double? { classCount > 5 ? share(top5Count) : nil }
    public var loss: Double { lossSum / Double(max(sampleCount, 1)) }

    private func share(_ count: Int) -> Double { Double(count) / Double(max(sampleCount, 1)) }

    /// The standard error of a share of the samples: `√(p · (1 - p) / samples)`.
    public func standardError(_ share: Double) -> Double {
        (share * (1 - share) / Double(max(sampleCount, 1))).squareRoot()
    }

    /// Keys: `samples`, `classes`, `top1`, `top1_error`, `top5`, `top5_error` (null for five classes or
    /// fewer), `loss`. Errors are standard errors.
    public var json: JSONValue {
        [
            "samples": .integer(sampleCount), "classes": .integer(classCount), "top1": .number(top1),
            "top1_error": .number(standardError(top1)), "top5": top5.map { .number($0) } ?? .null,
            "top5_error": top5.map { .number(standardError($0)) } ?? .null, "loss": .number(loss),
        ]
    }

    /// The names of the columns of ``cells``.
    var header: [String] { ["accuracy", "±"] + (top5 == nil ? [] : ["top-5"]) + ["loss"] }

    var cells: [String] {
        [Markup.number(top1, digits: 4), Markup.number(standardError(top1), digits: 4)]
            + (top5.map { [Markup.number($0, digits: 4)] } ?? []) + [Markup.number(loss, digits: 4)]
    }
}
