import Foundation
import Torch

/// ImageNet-1k's validation images in one folder, `ILSVRC2012_val_00000001.JPEG` and so on, with the
/// labels from one of the files in which they come:
///
/// - `LOC_val_solution.csv`: `ImageId,PredictionString`, where the latter begins with a synset;
/// - `imagenet_2012_validation_synset_labels.txt`: a synset a line, in the order of the images;
/// - `val.txt`: a file and a label from 0 a line, labels counting in the sorted synsets;
/// - the development kit's `ILSVRC2012_validation_ground_truth.txt`, numbers from 1 a line, with
///   `synsets.txt` beside it: the synset of each number, a line each, as `meta.mat` has them.
///
/// Labels count in the sorted synsets, as those of published models do.
public enum ImageNetValidation {
    /// Whether a folder is such a one.
    static func matches(_ listing: FolderListing) -> Bool {
        listing.folders.isEmpty && listing.files.contains { $0.hasPrefix("ILSVRC2012_val_") }
    }

    static let names = [
        "LOC_val_solution.csv", "imagenet_2012_validation_synset_labels.txt", "val.txt",
        "ILSVRC2012_validation_ground_truth.txt",
    ]

    /// - Throws: ``DatasetError`` for labels that are missing, wrong or of another number than the
    ///   images.
    public static func files(
        _ folder: URL, modelClasses: [String]? = nil, badSamples: BadSamples = BadSamples()
    ) throws -> SampleFiles {
        let images = try FolderListing(folder.path).files.filter(ImageSuffix.matches)
        guard let source = findLabels(folder) else {
            throw DatasetError.unreadable(
                file: folder.relativePath,
                "has no labels: looked for \(names.joined(separator: ", ")) there and in the folders above")
        }
        let classes = try ImageNetLabels(source, images: images)
        let numbers = try classes.synsets.map {
            try ClassNumbers(
                folders: $0, list: ClassList.find(for: folder), modelClasses: modelClasses,
                place: source.relativePath)
        }
        var labels: [Int] = []
        for (index, name) in images.enumerated() {
            switch classes.labels[index] {
            case .synset(let synset):
                guard let label = numbers?.label(of: synset) else {
                    throw DatasetError.unreadable(
                        file: source.relativePath, "gives \(name) the synset \(synset), which is in no list")
                }
                labels.append(label)
            case .number(let number):
                let count = modelClasses?.count ?? 1000
                guard (0..<count).contains(number) else {
                    throw DatasetError.unreadable(
                        file: source.relativePath,
                        "gives \(name) the label \(number), which must lie in 0...\(count - 1)")
                }
                labels.append(number)
            }
        }
        return SampleFiles(
            folder: folder, names: images, labels: labels,
            classNames: numbers?.classNames ?? modelClasses ?? (0..<1000).map(String.init))
    }

    /// In the folder and up to four above it, there too in a development kit's `data`.
    private static func findLabels(_ folder: URL) -> URL? {
        var place = folder.standardizedFileURL
        for _ in 0..<5 {
            for kit in ["", "data/", "devkit/data/", "ILSVRC2012_devkit_t12/data/"] {
                for name in names {
                    let url = place.appendingPathComponent(kit + name)
                    if FileManager.default.fileExists(atPath: url.path) { return url }
                }
            }
            if place.path == "/" { break }
            place.deleteLastPathComponent()
        }
        return nil
    }
}
