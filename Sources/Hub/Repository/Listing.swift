import Foundation
import Torch

/// What a repository holds at a commit.
struct Listing: Sendable {
    /// 40 hexadecimal digits.
    let commit: String
    /// Names with `/` between folders, and sizes in bytes where the server tells them.
    let sizes: [String: Int?]

    /// Reads the answer of `/api/models/OWNER/NAME/revision/REVISION`.
    ///
    /// - Throws: `JSONError`, `HubError.invalidAnswer`, or `HubError.unsafeName` of any file.
    init(parsing data: Data, url: String, repository: RepositoryName) throws {
        let reader = try JSONObjectReader(JSONValue(parsing: data, source: url), source: url)
        commit = try reader.string("sha")
        guard Revision.isCommit(commit) else {
            throw reader.invalid("sha", expected: "a commit of 40 hexadecimal digits")
        }
        var sizes: [String: Int?] = [:]
        for file in try reader.objects("siblings") {
            let name = try file.string("rfilename")
            guard PlainPath.isPlain(name) else {
                throw HubError.unsafeName(name, repository: repository.description)
            }
            sizes[name] = .some(try file.optionalInteger("size", in: 0...Int.max))
        }
        self.sizes = sizes
    }

    func contains(_ name: String) -> Bool { sizes[name] != nil }

    func size(of name: String) -> Int? { sizes[name] ?? nil }
}
