import Datasets
import Torch
import Transformers

extension PartwiseTraining {
    /// The training of a dense classifier by the cross-entropy of its labels.
    static func dense(
        _ network: any TransformerModel, _ options: DenseOptions, _ dataset: any Dataset, _ device: Device,
        loading: LoadingOptions
    ) throws -> PartwiseTraining {
        let images = options.augmentation.enabled ? dataset as? any AugmentableDataset : nil
        let type: DataType? = options.precision == .bfloat16 ? .bfloat16 : nil
        return try PartwiseTraining(
            "training", network, parameters: network.namedParameters(), weightDecay: options.weightDecay,
            options.optimisation, seed: options.seed,
            images?.augmented(options.augmentation, mixes: true) ?? dataset, device, loading: loading
        ) { part, share in
            guard let labels = part.labels else { throw noLabels }
            let logits = try withAutocast(type, on: device) {
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

    static let noLabels = ConversionError.data(
        "The data has no labels: a classifier learns from labelled data alone")
}
