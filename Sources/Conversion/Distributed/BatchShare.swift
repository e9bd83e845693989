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
    public static let whole = BatchShare()

    private init() {
        group = nil
        rows = nil
    }

    public init(_ group: ProcessGroup, _ rows: BatchRows) {
        self.group = group
        self.rows = rows
    }

    /// The sum over the processes of a part that each has.
    func sum(_ part: Tensor) throws -> Tensor {
        guard let group else { return part }
        let total = try group.sum(part)
        let scaled = try part * Double(group.size)
        // Of the value, nothing but the sum is left; of the gradient, all but it.
        return try (scaled - scaled.detach()) + total
    }

    /// A mean over all processes from one over so many things of this process; a vector holds several means,
    /// each over its own number.
    func mean(_ mean: Tensor, of count: @autoclosure () throws -> Tensor) throws -> Tensor {
        guard group != nil else { return mean }
        let count = try count().to(mean.device, .float32)
        let sums = try sum(.stacked([mean.to(nil, .float32) * count, count]))
        return try sums.select(0, axis: 0) / sums.select(1, axis: 0).detach()
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
}
