import AdaptiveComputation
import Foundation
import Torch

/// What a process has of a step's batch, and how losses of the whole batch come about from the parts.
///
/// Each process computes the loss of the whole batch, with gradients of its own rows alone, times the number
/// of processes: their mean, which a `GradientReducer` takes, is the gradient of that loss.
public struct BatchShare {
    private enum Operators {
        static let indexAdd = Operator("aten::index_add")
    }

    /// nil where one process has the whole batch.
    let group: ProcessGroup?
    /// nil where one process has the whole batch.
    let rows: BatchRows?

    /// The whole batch in one process: every mean is as it is.
    public static var whole: BatchShare { BatchShare() }

    private init() {
        group = nil
        rows = nil
    }

    public init(_ group: ProcessGroup, _ rows: BatchRows) {
        self.group = group
        self.rows = rows
    }

    var isWhole: Bool { group == nil }
    var processCount: Int { group?.size ?? 1 }

    /// The sum over the processes of numbers that each has, without gradients.
    func total(_ part: Tensor) throws -> Tensor { try group?.sum(part) ?? part }

    /// The sum over the processes of a part that each has.
    func sum(_ part: Tensor) throws -> Tensor {
        guard let group else { return part }
        let total = try group.sum(part)
        let scaled = try part * Double(group.size)
        // Of the value, nothing but the sum is left; of the gradient, all but it.
        return try (scaled - scaled.detach()) + total
    }

    /// The mean over the processes of values to report, each a number without axes.
    func averaged(_ values: [(name: String, tensor: Tensor)]) throws -> [(name: String, tensor: Tensor)] {
        guard let group, let device = values.first?.tensor.device else { return values }
        let own = try Tensor.stacked(values.map { try $0.tensor.detach().to(device, .float32) })
        let means = try (group.sum(own) / Double(group.size)).unstacked()
        return zip(values, means).map { ($0.name, $1) }
    }

    /// What a mean over so many things of this process counts for in that over all processes, times their
    /// number: the shape of `count`; nil where one process has all.
    func weights(_ count: Tensor) throws -> Tensor? {
        guard let group else { return nil }
        return try count / group.sum(count) * Double(group.size)
    }

    /// The same for a mean over so many of this process's rows; `alone` where it has the whole batch.
    func weight(rows: Int, alone: Double) -> Double {
        guard let group, let all = self.rows?.count else { return alone }
        return Double(rows * group.size) / Double(all)
    }

    /// A mean over the rows of the whole batch from one over this process's rows.
    func meanOverRows(_ mean: Tensor) throws -> Tensor {
        guard let rows else { return mean }
        return try sum(mean * (Double(rows.places.count) / Double(rows.count)))
    }

    /// A value of each row, of all rows: `[own rows]` to `[rows]`.
    func gathered(_ values: Tensor) throws -> Tensor {
        guard let rows else { return values }
        let places = try Tensor(rows.places).to(values.device)
        let empty = try Tensor.zeros([rows.count], values.dataType, device: values.device)
        return try sum(Operators.indexAdd(.tensor(empty), .int(0), .tensor(places), .tensor(values)))
    }

    /// The derivatives by this process's rows of a loss of the whole batch, times the number of processes:
    /// `[rows]` to `[own rows]`.
    func own(_ derivatives: Tensor) throws -> Tensor {
        guard let rows, let group else { return derivatives }
        return try rows.of(derivatives) * Double(group.size)
    }

    /// Where some of this process's samples are in the whole batch.
    ///
    /// - Parameters:
    ///   - samples: numbers among this process's.
    ///   - count: how many this process has.
    func rows(_ samples: Range<Int>, of count: Int) -> BatchRows {
        (rows ?? BatchRows(places: Array(0..<count), count: count)).subset(samples)
    }
}

extension Tensor {
    /// The entries of the first axis.
    func unstacked() throws -> [Tensor] { try (0..<size(0)).map { try select($0, axis: 0) } }
}
