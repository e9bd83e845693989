import Torch

/// What a run would take, known before it.
public struct RunEstimate: Sendable {
    public struct Phase: Sendable {
        public let phase: TrainingPhase
        public let steps: Int
        public let batchSize: Int
        /// Samples that its steps take, some more than once.
        public var sampleCount: Int { steps * batchSize }
        /// Numbers that it trains.
        public let trainedParameters: Int
        /// Median of some steps that were done; nil for a phase without steps.
        public let secondsPerStep: Double?
        /// Most bytes in use on the device in these steps; nil on a CPU.
        public let peakDeviceBytes: Int?

        public var seconds: Double { Double(steps) * (secondsPerStep ?? 0) }
    }

    public let phases: [Phase]
    /// For reading the model, the dense one's statistics and the learners cut out of it.
    public let preparationSeconds: Double
    public let sampleCount: Int
    public let heldOutCount: Int
    public let moduleCount: Int
    public let learnerCount: Int
    public let denseParameters: Int
    public let parameters: Int
    /// Multiply-accumulates of a sample, dense and with all learners; nil where they depend on lengths
    /// that are not known.
    public let costs: (dense: Double, adaptive: Double)?
    /// Most bytes of host memory that the process occupied.
    public let peakHostBytes: Int?
    /// Of the largest checkpoint, of which two are on the disk for a moment.
    public let checkpointBytes: Int
    /// Phase and step that a stopped run would go on from.
    public let goesOnFrom: (phase: TrainingPhase, step: Int)?

    /// Preparation and all steps; calibration of budgets, evaluations of held-out data and checkpoints come on top.
    public var seconds: Double { phases.reduce(preparationSeconds) { $0 + $1.seconds } }
}
