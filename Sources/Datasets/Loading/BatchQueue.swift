import Foundation
import Torch

/// What the threads of a ``BatchLoader`` share. All that changes is guarded by `condition`.
final class BatchQueue: @unchecked Sendable {
    private let dataset: any Dataset
    private let capacity: Int
    private let pins: Bool
    private let condition = NSCondition()
    private let plan: BatchPlan
    private var nextToLoad: Int
    private var nextToGive: Int
    private var ready: [Int: Result<LoadedBatch, any Error>] = [:]
    /// Number behind the last batch, once it is known.
    private var end: Int?
    private var startedCount = 0
    private var limitedCount = 0
    private var runningCount = 0
    private var isClosed = false

    init(_ dataset: any Dataset, _ plan: BatchPlan, first: Int, capacity: Int, pins: Bool) {
        self.dataset = dataset
        self.plan = plan
        self.capacity = capacity
        self.pins = pins
        nextToLoad = first
        nextToGive = first
    }

    func startWorker() {
        condition.withLock {
            startedCount += 1
            runningCount += 1
        }
        let thread = Thread { self.work() }
        thread.name = "loading"
        thread.start()
    }

    /// Waits until every worker uses one thread for its operators.
    func waitForWorkers() {
        condition.withLock {
            while limitedCount < startedCount { condition.wait() }
        }
    }

    /// Ends the workers and waits for what they have begun.
    func close() {
        condition.withLock {
            isClosed = true
            condition.broadcast()
            while runningCount > 0 { condition.wait() }
        }
    }

    private func work() {
        // Asking first makes libtorch set this thread up, which would undo the setting later.
        let limited = Result {
            _ = try Runtime.threadCount()
            try Runtime.setThreadCount(1)
        }
        condition.withLock {
            limitedCount += 1
            condition.broadcast()
        }
        while let (number, item) = claim() {
            let result = Result {
                try limited.get()
                return try load(item)
            }
            condition.withLock {
                ready[number] = result
                condition.broadcast()
            }
        }
        condition.withLock {
            runningCount -= 1
            condition.broadcast()
        }
    }

    /// The next batch to load, when there is room for it; nil when there is none.
    private func claim() -> (number: Int, item: BatchPlan.Item)? {
        condition.withLock {
            while !isClosed, end == nil, nextToLoad >= nextToGive + capacity { condition.wait() }
            guard !isClosed, end == nil else { return nil }
            guard let item = plan[nextToLoad] else {
                end = nextToLoad
                condition.broadcast()
                return nil
            }
            nextToLoad += 1
            return (nextToLoad - 1, item)
        }
    }

    private func load(_ item: BatchPlan.Item) throws -> LoadedBatch {
        var batch = try PinnedMemory.$isAsked.withValue(pins) {
            try withoutGradients { try dataset.load(item.indices, item.epoch) }
        }
        if batch.indices.isEmpty { batch.indices = item.indices }
        if pins {
            batch.inputs.tensors = try batch.inputs.tensors.mapValues { try $0.pinned() }
            batch.labels = try batch.labels?.pinned()
        }
        return LoadedBatch(batch: batch, epoch: item.epoch)
    }

    /// Loads the next batch on the calling thread.
    func loadOne() {
        guard let (number, item) = claim() else { return }
        let result = Result { try load(item) }
        condition.withLock { ready[number] = result }
    }

    /// Waits for the oldest batch; nil behind the last.
    func take() throws -> LoadedBatch? {
        try condition.withLock { () -> Result<LoadedBatch, any Error>? in
            while ready[nextToGive] == nil {
                if let end, nextToGive >= end { return nil }
                condition.wait()
            }
            return give()
        }?.get()
    }

    /// The oldest batch if it is ready and whole; a failure waits for its turn.
    func takeIfReady() throws -> LoadedBatch? {
        try condition.withLock { () -> Result<LoadedBatch, any Error>? in
            guard case .success = ready[nextToGive] else { return nil }
            return give()
        }?.get()
    }

    private func give() -> Result<LoadedBatch, any Error>? {
        let result = ready.removeValue(forKey: nextToGive)
        nextToGive += 1
        condition.broadcast()
        return result
    }
}
