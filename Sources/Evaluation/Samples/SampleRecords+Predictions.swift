extension SampleRecords {
    /// The names of each sample's classes, in columns parted by tabs: `label`, and what was predicted by each run,
    /// named by its budget or `dense`; nil where there are no classes.
    ///
    /// - Parameter classNames: by label; a class without a name is called by its number.
    public func predictions(classNames: [String]) -> String? {
        let named = runs.filter { $0.values[.prediction] != nil }
        guard !labels.isEmpty, !named.isEmpty else { return nil }
        func name(_ number: Int) -> String {
            classNames.indices.contains(number) ? classNames[number] : "\(number)"
        }
        let columns = named.compactMap { $0.values[.prediction] }
        let rows = labels.indices.map { sample in
            [name(labels[sample])] + columns.map { name(Int($0[sample])) }
        }
        return ([["label"] + named.map(\.name)] + rows).map { $0.joined(separator: "\t") + "\n" }.joined()
    }
}
