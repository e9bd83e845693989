import Torch

extension Wav2Vec2Model {
    /// - Throws: ``ModelError/invalidInput(_:)`` for shapes and types that do not fit, and for fewer
    ///   samples than one frame takes.
    func check(_ inputs: ModelInputs, _ samples: Tensor) throws {
        let shape = samples.shape
        guard shape.count == 2, samples.dataType.isFloatingPoint else {
            throw ModelError.invalidInput(
                """
                input_values must be floating-point of shape [batch, samples], found \
                \(samples.dataType) \(shape).
                """)
        }
        let fewest = sizes.sampleCount(frames: 1)
        guard shape[1] >= fewest else {
            throw ModelError.invalidInput(
                "input_values has \(shape[1]) samples, the model needs at least \(fewest) for one frame.")
        }
        let frames = sizes.frameCount(samples: shape[1])
        for (name, wanted) in [
            ("attention_mask", shape), ("mask_time_indices", [shape[0], frames]),
            ("mask_feature_indices", [shape[0], sizes.width]),
        ] {
            guard let mask = inputs[name] else { continue }
            guard mask.shape == wanted, !mask.dataType.isFloatingPoint else {
                throw ModelError.invalidInput(
                    "\(name) must be bool or integers of shape \(wanted), found \(mask.dataType) \(mask.shape)."
                )
            }
        }
        try ModelInputs.requireMask(inputs["attention_mask"], "attention_mask")
        // On a GPU the look would wait for the device.
        guard let mask = inputs["attention_mask"], mask.device == .cpu, mask.elementCount > 0 else { return }
        let lengths = try sampleCounts(mask)
        if let row = lengths.firstIndex(where: { $0 < fewest }) {
            throw ModelError.invalidInput(
                "attention_mask leaves \(lengths[row]) samples of row \(row), the model needs at least "
                    + "\(fewest) for one frame.")
        }
    }

    /// The real samples of each row.
    private func sampleCounts(_ mask: Tensor) throws -> [Int] {
        try mask.to(nil, .int64).sum(axis: 1).array(of: Int.self)
    }
}

extension Wav2Vec2Model: InputMasking {
    public func sampleCounts(_ inputs: ModelInputs) throws -> [Int] {
        let samples = try inputs.required("input_values")
        return try inputs["attention_mask"].map(sampleCounts)
            ?? Array(repeating: samples.size(1), count: samples.size(0))
    }

    public func hidingSpans(
        of inputs: ModelInputs, among batch: (sampleCounts: [Int], places: [Int])?,
        using generator: inout some RandomNumberGenerator
    ) throws -> ModelInputs {
        let samples = try inputs.required("input_values")
        try check(inputs, samples)
        let device = samples.device
        let counts = try batch?.sampleCounts ?? sampleCounts(inputs)
        let places = batch?.places ?? Array(counts.indices)
        func rows(_ hidden: [Bool], _ width: Int) throws -> Tensor {
            let own = places.flatMap { hidden[$0 * width..<($0 + 1) * width] }
            return try Tensor(own, shape: [places.count, width]).to(device)
        }
        var inputs = inputs
        if let spans = sizes.masking.frames {
            guard maskVector != nil else { throw Self.noMaskVector }
            let frameCount = sizes.frameCount(samples: samples.shape[1])
            let hidden = try spans.draw(
                lengths: counts.map(sizes.frameCount), count: frameCount, using: &generator)
            inputs.tensors["mask_time_indices"] = try rows(hidden, frameCount)
        }
        if let spans = sizes.masking.channels {
            let hidden = try spans.draw(
                lengths: counts.map { _ in sizes.width }, count: sizes.width, using: &generator)
            inputs.tensors["mask_feature_indices"] = try rows(hidden, sizes.width)
        }
        return inputs
    }
}
