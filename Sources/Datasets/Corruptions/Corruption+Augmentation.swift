import Torch

extension Corruption {
    /// Corrupts each image of a batch with a corruption and a severity drawn for it.
    public struct Augmentation: Sendable {
        public let corruptions: [Corruption]
        public let severities: ClosedRange<Int>
        /// Of being corrupted at all.
        public let probability: Double

        /// - Throws: ``DatasetError/corruption(_:)`` for no corruption, severities outside 1…5, or a
        ///   probability outside 0…1.
        public init(
            _ corruptions: [Corruption] = Corruption.allCases,
            severities: ClosedRange<Int> = Corruption.severities, probability: Double = 1
        ) throws {
            guard !corruptions.isEmpty else {
                throw DatasetError.corruption("an augmentation needs at least one corruption, found none")
            }
            guard Corruption.severities.contains(severities.lowerBound),
                Corruption.severities.contains(severities.upperBound)
            else {
                throw DatasetError.corruption("severities lie in 1 to 5, found \(severities)")
            }
            guard (0...1).contains(probability) else {
                throw DatasetError.corruption("a probability lies in 0 to 1, found \(probability)")
            }
            self.corruptions = corruptions
            self.severities = severities
            self.probability = probability
        }

        /// - Parameters:
        ///   - images: as ``Corruption/apply(_:severity:seeds:)`` takes them.
        ///   - seeds: one for each image; it decides corruption, severity and draws.
        public func callAsFunction(_ images: Tensor, seeds: [UInt64]) throws -> Tensor {
            guard images.shape.first == seeds.count else {
                throw DatasetError.corruption(
                    "an augmentation needs a seed for each image, found \(seeds.count) for "
                        + "\(images.shape.first ?? 0)")
            }
            var members: [Choice?: [Int]] = [:]
            var drawSeeds = seeds
            for (index, seed) in seeds.enumerated() {
                var generator = SplitMix64(seed: seed)
                members[choice(&generator), default: []].append(index)
                drawSeeds[index] = generator.next()
            }
            // Images of one choice are corrupted together, then all are put back in order.
            var parts: [Tensor] = []
            var order: [Int] = []
            for (choice, indices) in members {
                let part = try images.entries(Tensor(indices).to(images.device))
                order += indices
                try parts.append(
                    choice.map {
                        try $0.corruption.apply(
                            part, severity: $0.severity, seeds: indices.map { drawSeeds[$0] })
                    } ?? part)
            }
            if parts.isEmpty { return images }
            var places = [Int](repeating: 0, count: order.count)
            for (place, index) in order.enumerated() { places[index] = place }
            return try Tensor.concatenated(parts).entries(Tensor(places).to(images.device))
        }

        private struct Choice: Hashable {
            let corruption: Corruption
            let severity: Int
        }

        private func choice(_ generator: inout SplitMix64) -> Choice? {
            guard generator.unit() < probability else { return nil }
            return Choice(
                corruption: corruptions[Int(generator.unit() * Double(corruptions.count))],
                severity: severities.lowerBound + Int(generator.unit() * Double(severities.count)))
        }
    }
}
