import Foundation
import Synchronization

/// Runs a body for each of some numbers, each on a thread of its own, and gives what they returned.
public func concurrently<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Value
) throws -> [Value] {
    let results = Mutex<[Int: Result<Value, any Error>]>([:])
    let group = DispatchGroup()
    for number in 0..<count {
        group.enter()
        Thread.detachNewThread {
            let result = Result { try body(number) }
            results.withLock { $0[number] = result }
            group.leave()
        }
    }
    group.wait()
    return try results.withLock { found in try (0..<count).compactMap { try found[$0]?.get() } }
}
