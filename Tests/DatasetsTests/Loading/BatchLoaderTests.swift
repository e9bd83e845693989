import Foundation
import Synchronization
import Testing
import Torch

@testable import Datasets

@Suite struct BatchLoaderTests {
    static func numbers(_ loader: BatchLoader) throws -> [[Int]] {
        var found: [[Int]] = []
        while let batch = try loader.next() {
            found.append(try batch.inputs.required("x").array(of: Int.self))
        }
        return found
    }

    @Test(arguments: [0, 1, 4]) func whatComesDoesNotDependOnTheWorkers(workers: Int) throws {
        let data = Numbers(count: 103)
        let plan = BatchPlan.shuffled(data, size: 4, seed: 9, count: 60)
        let found = try Self.numbers(BatchLoader(data, plan, options: LoadingOptions(workers: workers)))
        #expect(found.count == 60)
        let wanted = (0..<3).flatMap { epoch in
            data.shuffledBatches(size: 4, seed: 9, epoch: epoch).map { $0.map { $0 + 1000 * epoch } }
        }
        #expect(found == Array(wanted.prefix(60)))
    }

    @Test(arguments: [0, 3]) func readingBeginsAnywhere(workers: Int) throws {
        let data = Numbers(count: 20)
        func plan() -> BatchPlan { .shuffled(data, size: 3, seed: 1, count: 25) }
        let whole = try Self.numbers(BatchLoader(data, plan(), options: LoadingOptions(workers: 2)))
        for first in [1, 6, 24, 25, 30] {
            let rest = try Self.numbers(
                BatchLoader(data, plan(), from: first, options: LoadingOptions(workers: workers)))
            #expect(rest == Array(whole.dropFirst(first)))
        }
    }

    @Test(arguments: [0, 4]) func aFailureIsThrownWhenItsTurnComes(workers: Int) throws {
        let data = Numbers(count: 40, failing: [21])
        let loader = try BatchLoader(
            data, .inOrder(data.batchesInOrder(size: 4)), options: LoadingOptions(workers: workers))
        for start in stride(from: 0, to: 20, by: 4) {
            #expect(try loader.next()?.indices == Array(start..<start + 4))
        }
        #expect(throws: Numbers.Failure(indices: [20, 21, 22, 23])) { try loader.next() }
        #expect(try loader.next()?.indices == [24, 25, 26, 27])
    }

    /// While nothing is taken, no more than the allowed batches are made.
    @Test func batchesInFlightAreBounded() throws {
        let made = Mutex(0)
        let data = Numbers(count: 1000) { _ in made.withLock { $0 += 1 } }
        let loader = try BatchLoader(
            data, .inOrder(data.batchesInOrder(size: 1)), options: LoadingOptions(workers: 3, inFlight: 5))
        for taken in 0..<20 {
            Thread.sleep(forTimeInterval: 0.002)
            let count = made.withLock { $0 }
            #expect(count <= taken + 5, "\(count) batches after \(taken) were taken")
            _ = try loader.next()
        }
        #expect(made.withLock { $0 } >= 20)
    }

    @Test func aLoaderThatIsLeftEndsItsThreads() throws {
        let running = Mutex(0)
        let most = Mutex(0)
        let data = Numbers(count: 100) { _ in
            let now = running.withLock { count in
                count += 1
                return count
            }
            most.withLock { $0 = max($0, now) }
            Thread.sleep(forTimeInterval: 0.005)
            running.withLock { $0 -= 1 }
        }
        for _ in 0..<3 {
            var loader: BatchLoader? = try BatchLoader(
                data, .inOrder(data.batchesInOrder(size: 1)), options: LoadingOptions(workers: 4))
            _ = try loader?.next()
            loader = nil
            #expect(running.withLock { $0 } == 0)
        }
        #expect(most.withLock { $0 } > 1, "several batches are made at a time")
    }

    @Test func operatorsOfTheConsumerKeepTheirThreads() throws {
        let before = try Runtime.threadCount()
        defer { try? Runtime.setThreadCount(before) }
        try Runtime.setThreadCount(3)
        let seen = Mutex<Set<Int>>([])
        let data = Numbers(count: 8) { _ in
            let count = (try? Runtime.threadCount()) ?? 0
            seen.withLock { _ = $0.insert(count) }
        }
        let loader = try BatchLoader(
            data, .inOrder(data.batchesInOrder(size: 1)), options: LoadingOptions(workers: 2))
        _ = try Self.numbers(loader)
        #expect(seen.withLock { $0 } == [1])
        #expect(try Runtime.threadCount() == 3)
        let later = Mutex(0)
        let thread = Thread { later.withLock { $0 = (try? Runtime.threadCount()) ?? 0 } }
        thread.start()
        while !thread.isFinished { Thread.sleep(forTimeInterval: 0.001) }
        #expect(later.withLock { $0 } == 3)
    }

    /// Nothing of a batch can be read: evaluation goes on without it, training does not.
    @Test func emptyBatches() throws {
        struct Holes: Dataset {
            let count = 6
            let classNames: [String]? = nil
            let lengths: [Int]? = nil
            func batch(_ indices: [Int]) throws -> Batch {
                if indices.contains(2) { throw DatasetError.nothingLeft(batch: 2, places: ["a", "b"]) }
                return try Numbers(count: 6).batch(indices)
            }
        }
        let plan = BatchPlan.inOrder(Holes().batchesInOrder(size: 2))
        let found = try Self.numbers(BatchLoader(Holes(), plan, options: LoadingOptions(workers: 2)))
        #expect(found == [[0, 1], [4, 5]])
        let training = try BatchLoader(
            Holes(), .shuffled(Holes(), size: 6, seed: 0, count: 1), options: LoadingOptions(workers: 1))
        let error = try #require(throws: DatasetError.self) { try training.next() }
        #expect(error.localizedDescription == "None of the 2 samples of a batch can be read: a, b.")
    }
}
