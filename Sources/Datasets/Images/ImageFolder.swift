import Foundation

/// Images in a folder for each class, or without classes.
///
/// A class has all images below its folder. The classes are the folders in the order of their names'
/// bytes, unless a class list says otherwise (see `ClassList` and `ClassNumbers`).
public enum ImageFolder {
    /// - Parameters:
    ///   - folder: the one with the images, or with the folders of the classes.
    ///   - modelClasses: the classes of a classifier, in which labels count; nil for other models.
    ///   - badSamples: whether empty classes, and folders that the class list does not name, are left
    ///     out.
    /// - Throws: ``DatasetError`` and `FileError`.
    public static func files(
        _ folder: URL, modelClasses: [String]? = nil, badSamples: BadSamples = BadSamples()
    ) throws -> SampleFiles {
        let listing = try FolderListing(folder.path)
        let loose = listing.files.filter(ImageSuffix.matches)
        guard !listing.folders.isEmpty else {
            if loose.isEmpty { throw DatasetError.empty(file: folder.relativePath) }
            return SampleFiles(folder: folder, names: loose)
        }
        for name in loose {
            try badSamples.add(
                "\(folder.relativePath)/\(name)", "lies beside the folders of the classes, in none of them")
        }
        let numbers = try ClassNumbers(
            folders: listing.folders, list: ClassList.find(for: folder), modelClasses: modelClasses,
            place: folder.relativePath)
        var names: [String] = []
        var labels: [Int] = []
        for name in listing.folders {
            let place = "\(folder.relativePath)/\(name)"
            guard let label = numbers.label(of: name) else {
                try badSamples.add(place, "is not in the list of classes")
                continue
            }
            let found = try FolderListing.files(
                below: folder.appendingPathComponent(name).path, where: ImageSuffix.matches)
            if found.isEmpty { try badSamples.add(place, "is a class without images") }
            names += found.map { "\(name)/\($0)" }
            labels += Array(repeating: label, count: found.count)
        }
        if names.isEmpty { throw DatasetError.empty(file: folder.relativePath) }
        return SampleFiles(folder: folder, names: names, labels: labels, classNames: numbers.classNames)
    }
}
