import Datasets
import Torch
import Transformers

extension PartwiseTraining {
    /// The training of a dense model by its labels: a classifier's by their cross-entropy, a recogniser's by
    /// connectionist temporal classification.
    static func dense(
        _ network: any TransformerModel, _ options: DenseOptions, _ dataset: any Dataset, _ device: Device,
        loading: LoadingOptions
    ) throws -> PartwiseTraining {
        let objective = try Objective(network)
        if case .ctc = objective {
            return try recogniser(network, objective, options, dataset, device, loading: loading)
        }
        return try classifier(network, options, dataset, device, loading: loading)
    }

    private static func classifier(
        _ network: any TransformerModel, _ options: DenseOptions, _ dataset: any Dataset, _ device: Device,
        loading: LoadingOptions
    ) throws -> PartwiseTraining {
        let images = options.augmentation.enabled ? dataset as? any AugmentableDataset : nil
        return try PartwiseTraining(
            "training", network, parameters: network.namedParameters(), weightDecay: options.weightDecay,
            options.optimisation, seed: options.seed,
            images?.augmented(options.augmentation, mixes: true) ?? dataset, device, loading: loading
        ) { part, share in
            guard let labels = part.labels else { throw noLabels }
            let logits = try withAutocast(options.autocastType, on: device) {
                try network(part.inputs, ForwardPass()).required("logits").to(nil, .float32)
            }
            // Labels that are shares of classes are smooth already.
            let areShares = labels.dataType.isFloatingPoint
            let loss =
                try Loss.crossEntropy(logits, labels, smoothing: areShares ? 0 : options.labelSmoothing)
                * share
            try loss.backward()
            if areShares { return [("loss", try loss.detach())] }
            let right = try logits.argMax(axis: -1).equals(labels).to(nil, .float32).mean() * share
            return [("loss", try loss.detach()), ("accuracy", right)]
        }
    }

    private static func recogniser(
        _ network: any TransformerModel, _ objective: Objective, _ options: DenseOptions,
        _ dataset: any Dataset, _ device: Device, loading: LoadingOptions
    ) throws -> PartwiseTraining {
        var labelsAlone = ConversionOptions.Finetuning()
        labelsAlone.distillationWeight = 0
        let hideSpans: Prepare = { batch, random in
            guard options.hidesSpans, let masking = network as? any InputMasking else { return batch }
            var batch = batch
            batch.inputs = try masking.hidingSpans(of: batch.inputs, using: &random)
            return batch
        }
        return try PartwiseTraining(
            "training", network, parameters: network.namedParameters(), weightDecay: options.weightDecay,
            options.optimisation, seed: options.seed, dataset, device, loading: loading, prepare: hideSpans
        ) { part, share in
            guard part.labels != nil else { throw noTexts }
            let pass = ForwardPass()
            let outputs = try withAutocast(options.autocastType, on: device) {
                try network(part.inputs, pass)
            }
            let loss =
                try objective.loss(
                    student: (outputs, pass), teacher: nil, labels: part.labels, labelsAlone) * share
            try loss.backward()
            return [("loss", try loss.detach())]
        }
    }

    static let noLabels = ConversionError.data(
        "The data has no labels: a classifier learns from labelled data alone")
    static let noTexts = ConversionError.data(
        "The recordings have no texts: a recogniser learns from recordings with what is said in them")
}

extension DenseOptions {
    /// Of matrix products; nil leaves them in full.
    fileprivate var autocastType: DataType? { precision == .bfloat16 ? .bfloat16 : nil }
}
