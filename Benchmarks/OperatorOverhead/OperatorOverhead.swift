import Foundation
import Torch

/// Nanoseconds of one operator call from Swift on tensors so small that the call is all there is.
///
/// Prints the smallest of many rounds; Benchmarks/overhead.py compares it with the same calls in C++.
@main
enum OperatorOverhead {
    static let calls = 20_000
    static let rounds = 25

    static func main() throws {
        try Runtime.setThreadCount(1)
        let x = try Tensor.ones([4])
        let rows = try Tensor.ones([2, 4])
        try withoutGradients {
            try report("add") { try x + x }
            try report("sum") { try rows.sum(axis: 0) }
        }
    }

    private static func report(_ name: String, _ call: () throws -> Tensor) throws {
        let clock = ContinuousClock()
        let times = try (0..<rounds).map { _ in
            try clock.measure { for _ in 0..<calls { _ = try call() } } / .nanoseconds(calls)
        }
        print(name, String(format: "%.0f", times.min() ?? .nan))
    }
}
