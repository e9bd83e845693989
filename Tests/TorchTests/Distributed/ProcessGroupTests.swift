import TestSupport
import Testing

@testable import Torch

/// Groups whose processes are threads, which Gloo does not mind.
@Suite struct ProcessGroupTests {
    func together<Value: Sendable>(
        _ size: Int, _ body: @escaping @Sendable (ProcessGroup) throws -> Value
    ) throws -> [Value] {
        let port = try #require(freePort())
        return try concurrently(size) { rank in
            try body(
                ProcessGroup(
                    ProcessLaunch(rank: rank, size: size, host: "127.0.0.1", port: port), timeout: 20))
        }
    }

    @Test func numbersAndTextsGoBetweenProcesses() throws {
        let found = try together(3) { group in
            let own = try Tensor([Float(group.rank), 1])
            let largest = try Tensor([group.rank, -group.rank])
            try group.reduceInPlace(largest, .maximum)
            let matrix = try Tensor([1, 2, 3, 4].map { Float($0 + group.rank) }, shape: [2, 2])
            let across = try matrix.transposed(0, 1)
            try group.broadcastInPlace(across)
            try group.wait()
            return (
                sum: try group.sum(own).array(of: Float.self), own: try own.array(of: Float.self),
                largest: try largest.array(of: Int.self),
                all: try group.gathered(own).array(of: Float.self),
                told: try matrix.array(of: Float.self),
                text: try group.broadcast(group.isFirst ? "größer" : "other")
            )
        }
        for (rank, values) in found.enumerated() {
            #expect(values.sum == [3, 3] && values.own == [Float(rank), 1] && values.largest == [2, 0])
            #expect(values.all == [0, 1, 1, 1, 2, 1] && values.told == [1, 2, 3, 4])
            #expect(values.text == "größer")
        }
        #expect(try together(2) { try $0.broadcast("") } == ["", ""])
    }

    /// x² of rank 0 and 3 · x² of rank 1, in two parts of which the first one stays with its process until
    /// the second is there.
    @Test func theReducerAveragesWhatPartsLeft() throws {
        let found = try together(2) { group in
            let x = try Tensor([1, 2] as [Float]).setRequiresGradient()
            let unused = try Tensor([1] as [Float]).setRequiresGradient()
            let reducer = try GradientReducer([unused, x], group)
            for _ in 0..<2 {
                try x.clearGradient()
                let factor: Double = group.rank == 0 ? 1 : 3
                try (x.square() * factor).sum().backward()
                try reducer.backward(try (x.square() * factor).sum())
            }
            #expect(try unused.gradient == nil)
            return try x.gradient?.array(of: Float.self)
        }
        #expect(found == [[8, 16], [8, 16]])
    }

    @Test func whoeverIsLeftIsTold() throws {
        let errors = try together(2) { group -> String in
            if group.isFirst { return "" }
            do {
                try group.wait()
                return "no error"
            } catch TorchError.lostProcess {
                return TorchError.lostProcess("another is gone").localizedDescription
            }
        }
        #expect(errors == ["", "Another is gone."])
    }
}
