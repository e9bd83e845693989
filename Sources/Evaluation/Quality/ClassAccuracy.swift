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
    private var calibration = CalibrationError()

    /// Of no samples.
    public init() {}

    /// With some more samples.
    ///
    /// - Parameters: `logits [batch, classes]`, `labels [batch]` int64.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for labels of another shape.
    public func adding(_ logits: Tensor, labels: Tensor) throws -> ClassAccuracy {
        var sum = self
        sum.classCount = logits.shape.last ?? 0
        sum.add(try ClassScores.of(logits, labels: labels))
        return sum
    }

    /// Of all samples of a run; nil where it has no classes.
    init?(_ run: SampleRun, classCount: Int?) {
        guard run.values[.top1] != nil else { return nil }
        self.classCount = classCount ?? 0
        add(run.values)
    }

    private mutating func add(_ scores: [Measure: [Float]]) {
        guard let top1 = scores[.top1], let confidence = scores[.confidence] else { return }
        sampleCount += top1.count
        top1Count += top1.count { $0 == 1 }
        top5Count += scores[.top5]?.count { $0 == 1 } ?? 0
        lossSum += scores[.loss]?.reduce(0) { $0 + Double($1) } ?? 0
        calibration.add(confidence: confidence, isRight: top1.map { $0 == 1 })
    }

    public var top1: Double { share(top1Count) }
    /// nil for five classes or fewer, among which every label is.
    public var top5: Double? { classCount > 5 ? share(top5Count) : nil }
    /// See ``CalibrationError``.
    public var calibrationError: Double { calibration.value }
    public var loss: Double { lossSum / Double(max(sampleCount, 1)) }

    private func share(_ count: Int) -> Double { Double(count) / Double(max(sampleCount, 1)) }

    /// The standard error of a share of the samples: `√(p · (1 - p) / samples)`.
    public func standardError(_ share: Double) -> Double {
        (share * (1 - share) / Double(max(sampleCount, 1))).squareRoot()
    }

    /// Keys: `samples`, `classes`, `top1`, `top1_error`, `top5`, `top5_error` (null for five classes or
    /// fewer), `loss`, `calibration_error`. Errors other than the last are standard errors.
    public var json: JSONValue {
        [
            "samples": .integer(sampleCount), "classes": .integer(classCount), "top1": .number(top1),
            "top1_error": .number(standardError(top1)), "top5": top5.map { .number($0) } ?? .null,
            "top5_error": top5.map { .number(standardError($0)) } ?? .null, "loss": .number(loss),
            "calibration_error": .number(calibrationError),
        ]
    }

    /// The names of the columns of ``cells``.
    var header: [String] { ["accuracy", "±"] + (top5 == nil ? [] : ["top-5"]) + ["loss"] }

    var cells: [String] {
        [Markup.number(top1, digits: 4), Markup.number(standardError(top1), digits: 4)]
            + (top5.map { [Markup.number($0, digits: 4)] } ?? []) + [Markup.number(loss, digits: 4)]
    }
}
