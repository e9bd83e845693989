import AdaptiveComputation
import Torch

extension SampleCollector {
    /// Milliseconds a sample of each run, over the same batches in turns; nil where nothing is to be timed.
    func time(_ runs: [CollectedRun]) throws -> [Double]? {
        guard options.timedRepeatCount > 0 else { return nil }
        let count = min(options.timedBatchCount, batches.count)
        let numbers = (0..<count).map { $0 * batches.count / count }
        let sampleCount = numbers.reduce(0) { $0 + batches[$1].count }
        let device = options.device
        let jobs = try runs.map { run in
            // Read before the clock runs: only the models are timed.
            let inputs = try numbers.map { try batch($0, for: run.model).inputs }
            return {
                for input in inputs { _ = try run.model(input, AdaptivePass(budget: run.budget ?? 1)) }
                try device.synchronize()
            }
        }
        let timings = try withoutGradients {
            try InterleavedTiming.measure(repeatCount: options.timedRepeatCount, jobs)
        }
        return timings.map { $0.median / Double(max(sampleCount, 1)) }
    }
}
