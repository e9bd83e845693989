/// Which label the samples of a class's folder get.
///
/// Labels count in the model's classes: by name where all names are among them, else by the place in
/// the class list or, without one, among the sorted folders; then there must be as many classes as
/// the model has. Without a model's classes the list or the sorted folders decide.
struct ClassNumbers {
    let classNames: [String]
    private let labels: [String: Int]

    /// - Parameters:
    ///   - folders: sorted.
    ///   - place: the dataset, for messages.
    /// - Throws: ``DatasetError/unreadable(file:_:)``.
    init(folders: [String], list: ClassList?, modelClasses: [String]?, place: String) throws {
        let keys = list?.folders ?? folders
        let names = list?.names ?? folders
        guard let modelClasses else {
            classNames = names
            labels = Self.numbered(keys)
            return
        }
        classNames = modelClasses
        let numbers = Self.numbered(modelClasses)
        for candidates in [names, keys] where candidates.allSatisfy({ numbers[$0] != nil }) {
            labels = Dictionary(
                zip(keys, candidates.map { numbers[$0] ?? 0 }), uniquingKeysWith: { first, _ in first })
            return
        }
        guard keys.count == modelClasses.count else {
            throw DatasetError.unreadable(
                file: place,
                "has \(keys.count) classes\(list.map { " by \($0.file)" } ?? ""), the model has "
                    + "\(modelClasses.count), and their names differ; a classes.txt with the folders in the "
                    + "order of the model's classes tells which is which")
        }
        labels = Self.numbered(keys)
    }

    func label(of folder: String) -> Int? { labels[folder] }

    private static func numbered(_ names: [String]) -> [String: Int] {
        Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
