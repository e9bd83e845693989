extension ConversionOptions {
    /// - Parameters:
    ///   - processCount: how many processes share each batch.
    ///   - phases: those that run.
    ///   - sampleCount: of the data; a batch holds no more.
    /// - Throws: ``ConversionError/option(_:)`` naming the first phase whose batches cannot be shared evenly.
    func requireSharing(by processCount: Int, _ phases: [TrainingPhase], sampleCount: Int) throws {
        for phase in phases {
            let size = optimisation(of: phase).batchSize
            let rows = min(size, sampleCount)
            guard rows.isMultiple(of: processCount) else {
                let cause = size > sampleCount ? " (the data has no more samples)" : ""
                throw ConversionError.option(
                    "\(phase.rawValue).optimisation.batchSize must be a multiple of the \(processCount) processes, "
                        + "found \(rows)\(cause)")
            }
        }
    }
}
