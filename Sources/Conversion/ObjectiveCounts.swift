import AdaptiveComputation
import Torch
import Transformers

/// Over how many things the two means of an objective go, or the shares of a part in them: numbers
/// without axes.
public struct ObjectiveCounts: Sendable {
    /// Of the loss on labels: samples, or tokens that are learnt.
    public let labels: Tensor
    /// Of the loss against the teacher: samples, real frames or real tokens.
    public let teacher: Tensor

    /// The share of each part in a whole.
    ///
    /// - Parameters:
    ///   - parts: of what this process has.
    ///   - share: what of the batch that is. The shares are then times the number of processes, over whose
    ///     gradients the mean is taken.
    static func shares(
        of parts: [ObjectiveCounts], among share: BatchShare = .whole
    ) throws -> [ObjectiveCounts] {
        let labels = try Tensor.stacked(parts.map(\.labels))  // [parts]
        let teacher = try Tensor.stacked(parts.map(\.teacher))
        let total =
            try share.isWhole
            ? [labels.sum(), teacher.sum()]
            : (share.total(.stacked([labels.sum(), teacher.sum()])) / Double(share.processCount)).unstacked()
        let ofLabels = try labels / total[0]
        let ofTeacher = try teacher / total[1]
        return try parts.indices.map {
            ObjectiveCounts(
                labels: try ofLabels.select($0, axis: 0), teacher: try ofTeacher.select($0, axis: 0))
        }
    }
}

extension Objective {
    /// Over how many things the means of ``loss(student:teacher:labels:_:shares:)`` go.
    func counts(
        student: (outputs: ModelOutputs, pass: ForwardPass), labels: Tensor?
    ) throws -> ObjectiveCounts {
        guard let output = student.outputs.tensors.first?.tensor else {
            throw ModelError.missingOutput("logits", found: [])
        }
        let samples = try Tensor.full([], Double(output.size(0)), device: output.device)
        func count(_ mask: Tensor) throws -> Tensor { try mask.to(nil, .float32).sum() }
        return switch self {
        case .classification, .embedding: ObjectiveCounts(labels: samples, teacher: samples)
        case .ctc: ObjectiveCounts(labels: samples, teacher: try count(Self.realFrames(student)))
        case .generation:
            ObjectiveCounts(
                labels: try labels.map { try count($0.equals(-100).logicalNot()) } ?? samples,
                teacher: try count(Self.realTokens(student, labels: labels)))
        }
    }
}

extension Tensor {
    /// Times a number without axes; itself for nil.
    func scaled(by factor: Tensor?) throws -> Tensor { try factor.map { try self * $0 } ?? self }
}
