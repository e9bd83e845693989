extension HashSplit {
    /// What a hash can tell samples by: a text itself, a file below the data's folder, else a number.
    public static func names(of dataset: any Dataset) -> [String] {
        func names(of store: any SampleStore) -> [String] {
            (store as? SampleFiles)?.names ?? (store as? PackedSpeech)?.names
                ?? (0..<store.count).map(store.place)
        }
        return switch dataset {
        case let texts as TextDataset: texts.texts
        case let images as ImageDataset: names(of: images.store)
        case let recordings as AudioDataset: names(of: recordings.store)
        default: (0..<dataset.count).map(String.init)
        }
    }

    /// Parts a dataset by the hash of its samples' names, so that a sample keeps its side.
    ///
    /// - Parameters:
    ///   - dataset: what to part.
    ///   - share: of the samples that are held out, 0…1; as large a part only in the mean.
    ///   - salt: other salts part independently.
    public static func part(
        _ dataset: any Dataset, share: Double, salt: UInt64 = 2
    ) -> (kept: SampleSubset, heldOut: SampleSubset) {
        var (kept, heldOut): ([Int], [Int]) = ([], [])
        for (number, name) in names(of: dataset).enumerated() {
            if place(of: name, salt: salt) < share { heldOut.append(number) } else { kept.append(number) }
        }
        return (SampleSubset(dataset, numbers: kept), SampleSubset(dataset, numbers: heldOut))
    }
}
