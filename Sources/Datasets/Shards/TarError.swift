import Foundation

/// What can be wrong with a tar archive.
struct TarError: LocalizedError, Equatable {
    /// Of the header, in bytes from the start of the archive.
    let offset: Int
    let problem: String

    var errorDescription: String? { "\(problem), at byte \(offset)" }
}
