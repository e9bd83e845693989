import Foundation

/// The labels of validation images as one of the files of ``ImageNetValidation`` has them.
struct ImageNetLabels {
    enum Label: Equatable {
        case synset(String)
        case number(Int)
    }

    /// One for each image.
    let labels: [Label]
    /// All synsets of the file, sorted; nil for numbers.
    let synsets: [String]?

    /// - Parameter images: the names of the files, sorted.
    init(_ url: URL, images: [String]) throws {
        let lines = try TextLines(url)
        try lines.refuseBroken(BadSamples())
        let rows = lines.lines.filter { !$0.text.isEmpty }
        let reader = Reader(file: lines.file, rows: rows, images: images)
        switch url.lastPathComponent {
        case "LOC_val_solution.csv": labels = try reader.solution()
        case "val.txt": labels = try reader.numbers()
        case "ILSVRC2012_validation_ground_truth.txt":
            labels = try reader.groundTruth(
                synsets: url.deletingLastPathComponent().appendingPathComponent("synsets.txt"))
        default: labels = try reader.synsets()
        }
        let all = Set(labels.compactMap { if case .synset(let name) = $0 { name } else { nil } })
        synsets = all.isEmpty ? nil : all.sorted()
    }

    private struct Reader {
        let file: String
        let rows: [(number: Int, text: String)]
        let images: [String]

        private func requireCount(_ count: Int) throws {
            guard count == images.count else {
                throw DatasetError.unreadable(
                    file: file, "has \(count) labels, the folder has \(images.count) images")
            }
        }

        func synsets() throws -> [Label] {
            try requireCount(rows.count)
            return rows.map { .synset($0.text.trimmingCharacters(in: .whitespaces)) }
        }

        /// The labels in the order of the images, from lines of a name and a label.
        private func named(
            _ rows: some Sequence<(number: Int, text: String)>, separator: Character,
            _ label: (_ rest: Substring) -> Label?
        ) throws -> [Label] {
            var found: [String: Label] = [:]
            for (number, text) in rows {
                let parts = text.split(separator: separator, maxSplits: 1)
                guard parts.count == 2, let label = label(parts[1]) else {
                    throw DatasetError.line(
                        file: file, number, "expected an image and its label, found \"\(text)\"")
                }
                found[stem(parts[0])] = label
            }
            return try images.map { name in
                guard let label = found[stem(name[...])] else {
                    throw DatasetError.unreadable(file: file, "has no label for \(name)")
                }
                return label
            }
        }

        private func stem(_ name: Substring) -> String {
            let last = name.split(separator: "/").last ?? name
            return String(last.prefix { $0 != "." })
        }

        func solution() throws -> [Label] {
            try named(rows.dropFirst(), separator: ",") { rest in
                rest.split(separator: " ").first.map { .synset(String($0)) }
            }
        }

        func numbers() throws -> [Label] {
            try named(rows, separator: " ") { rest in Int(rest).map { .number($0) } }
        }

        /// The development kit numbers the synsets in an order of its own, which only `meta.mat` has.
        func groundTruth(synsets url: URL) throws -> [Label] {
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw DatasetError.unreadable(
                    file: file,
                    "counts in the development kit's own order of classes: write the synsets of meta.mat in "
                        + "that order to \(url.relativePath), a line each, or give LOC_val_solution.csv")
            }
            let list = try ClassList(url)
            let isFull = list.folders.count == 1000
            guard !isFull || list.folders != list.folders.sorted() else {
                throw DatasetError.unreadable(
                    file: url.relativePath,
                    "has the synsets sorted by name, but the numbers of \(file) count in meta.mat's order")
            }
            try requireCount(rows.count)
            return try rows.map { number, text in
                guard let id = Int(text.trimmingCharacters(in: .whitespaces)),
                    (1...list.folders.count).contains(id)
                else {
                    throw DatasetError.line(
                        file: file, number,
                        "expected a number in 1...\(list.folders.count), found \"\(text)\"")
                }
                return .synset(list.folders[id - 1].split(separator: " ").first.map(String.init) ?? "")
            }
        }
    }
}
