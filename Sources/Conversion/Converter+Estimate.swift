import AdaptiveComputation
import Datasets
import Foundation
import Torch
import Transformers

extension Converter {
    /// What ``run(_:teacherFolder:)`` would take, found by doing a few steps of each phase; writes nothing.
    ///
    /// - Parameters:
    ///   - phases: as for the run.
    ///   - teacherFolder: as for the run.
    ///   - timedSteps: steps of each phase that are timed, after one that is not.
    /// - Throws: what the run would throw before or in its first steps.
    public func estimate(
        _ phases: [TrainingPhase] = TrainingPhase.allCases, teacherFolder: URL? = nil, timedSteps: Int = 3
    ) throws -> RunEstimate {
        let phases = options.phases(of: phases)
        let plan = try plan(phases, teacherFolder: teacherFolder)
        let batches = options.calibrationBatches
        let begun = ContinuousClock.now
        let model = try start(
            plan.saved, isFirst: phases.first == .distillation, calibrationBatches: min(batches, 1))
        var preparation = (ContinuousClock.now - begun) / .seconds(1)
        if plan.saved == nil, phases.first == .distillation, batches > 1 {
            preparation += try Double(batches - 1) * secondsOfCalibration(plan.teacher)
        }
        var estimates: [RunEstimate.Phase] = []
        var checkpointBytes = 0
        for phase in phases {
            if device.type != .cpu { try device.resetPeakMemory() }
            let training = try PhaseTraining(
                phase, model: model, teacher: plan.teacher, options, dataset, device, loading: loading)
            let seconds = try time(training, steps: min(timedSteps + 1, training.totalSteps))
            let trained = model.network.namedParameters().map(\.tensor).filter(\.requiresGradient)
            let state = training.state.map(\.tensor)
            let saved = try model.network.checkpointParameters().map(\.tensor) + state
            checkpointBytes = max(
                checkpointBytes, saved.reduce(0) { $0 + $1.elementCount * $1.dataType.byteCount })
            estimates.append(
                RunEstimate.Phase(
                    phase: phase, steps: training.totalSteps, batchSize: training.optimisation.batchSize,
                    trainedParameters: trained.reduce(0) { $0 + $1.elementCount },
                    secondsPerStep: seconds,
                    peakDeviceBytes: device.type == .cpu ? nil : try device.memory().peak))
        }
        func count(_ model: AdaptiveModel) -> Int {
            model.network.namedParameters().reduce(0) { $0 + $1.tensor.elementCount }
        }
        return RunEstimate(
            phases: estimates, preparationSeconds: preparation, sampleCount: dataset.count,
            heldOutCount: heldOut?.count ?? 0, moduleCount: model.modules.count,
            learnerCount: model.modules.first?.module.learners.count ?? 0,
            denseParameters: count(plan.teacher), parameters: count(model),
            costs: try costs(plan.teacher, model), peakHostBytes: Runtime.peakResidentBytes,
            checkpointBytes: checkpointBytes,
            goesOnFrom: plan.saved.map { ($0.position.phase, $0.position.step) })
    }

    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let begun = ContinuousClock.now
        try body()
        return (ContinuousClock.now - begun) / .seconds(1)
    }

    /// One pass of the dense model over a batch, which is most of what a batch of calibration takes.
    private func secondsOfCalibration(_ teacher: AdaptiveModel) throws -> Double {
        let size = min(options.distillation.optimisation.batchSize, dataset.count)
        let inputs = try dataset.batch(Array(0..<size)).inputs.to(device)
        return try seconds {
            _ = try withoutGradients { try teacher(inputs, ForwardPass()) }
            try device.synchronize()
        }
    }

    /// The median time of a step, the first aside; nil without steps.
    private func time(_ training: PhaseTraining, steps: Int) throws -> Double? {
        var times: [Double] = []
        for step in 0..<steps {
            times.append(try seconds { _ = try training.step(step, readsValues: true) })
        }
        let counted = (times.count > 1 ? Array(times.dropFirst()) : times).sorted()
        return counted.isEmpty ? nil : counted[counted.count / 2]
    }

    /// Of the mean length where the data are texts.
    private func costs(
        _ teacher: AdaptiveModel, _ model: AdaptiveModel
    ) throws -> (dense: Double, adaptive: Double)? {
        let base = (dataset as? SampleSubset)?.base ?? dataset
        let lengths = base is TextDataset ? dataset.lengths ?? [] : []
        let tokenCount = lengths.isEmpty ? nil : lengths.reduce(0, +) / lengths.count
        let last = teacher.network.dimensions.stacks.last
        guard tokenCount != nil || last?.tokenCount != nil else { return nil }
        return try (
            ModelCost(teacher, tokenCount: tokenCount).total(),
            ModelCost(model, tokenCount: tokenCount).total()
        )
    }
}
