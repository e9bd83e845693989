import Foundation
import Torch

/// What can go wrong between a repository's name and a folder with its files. Files of the cache
/// that cannot be read or written throw `FileError`, a listing that is malformed `JSONError`.
public enum HubError: Error, Equatable, Sendable {
    /// The text is not the name of a repository.
    case invalidName(String)
    /// The text cannot be a branch, tag or commit.
    case invalidRevision(String)
    /// An environment variable or the token file has a value that cannot be used.
    case invalidSetting(name: String, expected: String, found: String)
    /// There is no such repository for this user.
    case noRepository(String, endpoint: String, hasToken: Bool)
    /// The repository has no such branch, tag or commit.
    case noRevision(String, repository: String)
    /// The repository lists a file that it does not give.
    case noFile(String, repository: String)
    /// The repository's owner gives access only to those who asked for it.
    case gated(String, endpoint: String, hasToken: Bool)
    /// The server refuses; `says` is its own message.
    case refused(String, status: Int, hasToken: Bool, says: String?)
    /// Offline, the cache does not hold what is needed; `missing` is empty if it holds nothing.
    case notCached(String, revision: String, folder: String, missing: [String])
    /// The repository has weights, but only in formats that can run code when they are read.
    case pickled(String, file: String)
    /// The repository has no model that can be used.
    case noModel(String, expected: String)
    /// A file name that would lead out of the snapshot folder.
    case unsafeName(String, repository: String)
    /// The server's answer does not make sense.
    case invalidAnswer(url: String, expected: String, found: String)
    /// A file came with other contents than the server announced, twice.
    case wrongContents(String, expected: String, found: String)
    /// The disk has too little room for the files, counted before any of them is fetched.
    case noRoom(folder: String, needed: Int, free: Int)
    /// The server could not be reached, or kept failing.
    case unreachable(url: String, attempts: Int, reason: String)
    /// A library of the system that fetching needs is missing.
    case noLibrary(String, reason: String)
}

extension HubError: LocalizedError, CustomStringConvertible {
    public var errorDescription: String? { description }

    public var description: String {
        switch self {
        case .invalidName(let name):
            "expected a repository as OWNER/NAME, of letters, digits, \"-\", \"_\" and \".\", found "
                + JSONValue.quoted(name)
        case .invalidRevision(let revision):
            "expected a branch, tag or commit as the revision, found \(JSONValue.quoted(revision))"
        case .invalidSetting(let name, let expected, let found):
            "\(name) must be \(expected), found \(found)"
        case .noRepository(let repository, let endpoint, let hasToken):
            "cannot fetch \(repository): \(endpoint) has no such repository, or it is private; check the name, "
                + (hasToken ? "and that the token of HF_TOKEN may read it" : "or set HF_TOKEN to a token")
        case .noRevision(let revision, let repository):
            "cannot fetch \(repository): there is no branch, tag or commit \(JSONValue.quoted(revision))"
        case .noFile(let file, let repository):
            "cannot fetch \(repository): the repository lists \(file), but the server does not have it"
        case .gated(let repository, let endpoint, let hasToken):
            "cannot fetch \(repository): access is gated; ask for it at \(endpoint)/\(repository), "
                + (hasToken ? "with the account of the token in HF_TOKEN" : "then set HF_TOKEN to your token")
        case .refused(let repository, let status, let hasToken, let says):
            "cannot fetch \(repository): the server refuses (HTTP status \(status)\(says.map { ": \($0)" } ?? "")); "
                + (hasToken ? "check the token in HF_TOKEN" : "set HF_TOKEN to a token that may read it")
        case .notCached(let repository, let revision, let folder, let missing):
            "cannot take \(repository) (\(revision)) from the cache \(folder) while offline: "
                + (missing.isEmpty ? "it is not there" : "there is no \(missing.joined(separator: ", "))")
                + "; fetch it once without --offline and HF_HUB_OFFLINE"
        case .pickled(let repository, let file):
            "cannot use \(repository): expected model.safetensors, found only pickled weights (\(file)), which can "
                + "run code when they are read; convert them with save_pretrained(..., "
                + "safe_serialization=True) in transformers, or name a --revision that has safetensors"
        case .noModel(let repository, let expected):
            "cannot use \(repository): expected \(expected), found none in the repository"
        case .unsafeName(let name, let repository):
            "cannot fetch \(repository): expected plain file names, found \(JSONValue.quoted(name))"
        case .invalidAnswer(let url, let expected, let found):
            "cannot use the answer of \(url): expected \(expected), found \(found)"
        case .wrongContents(let file, let expected, let found):
            "cannot use \(file) as it was sent, twice: expected \(expected), found \(found)"
        case .noRoom(let folder, let needed, let free):
            "cannot write \(folder): the disk has \(free) bytes free, and the files need \(needed) more"
        case .unreachable(let url, let attempts, let reason):
            "cannot reach \(url): \(reason)" + (attempts > 1 ? " (after \(attempts) attempts)" : "")
        case .noLibrary(let name, let reason):
            "cannot fetch without \(name) (\(reason)): install Debian's package libcurl4 or its like"
        }
    }
}
