import Foundation
import Torch

/// The requests about one repository. For one thread at a time.
final class HubSession {
    private let settings: HubSettings
    private let repository: RepositoryName
    private let client: HTTPClient
    private let cancellation: Cancellation

    private static let redirectLimit = 10
    private static let listingLimit = 64 << 20  // bytes

    /// - Throws: `HubError.noLibrary`.
    init(_ settings: HubSettings, _ repository: RepositoryName, _ cancellation: Cancellation) throws {
        self.settings = settings
        self.repository = repository
        self.cancellation = cancellation
        client = try HTTPClient(settings, cancellation: cancellation)
    }

    /// The commit that a revision stands for, and its files.
    func listing(_ revision: Revision) throws -> Listing {
        let address =
            "\(settings.endpoint)/api/models/\(repository)/revision/\(PercentEncoding.encode(revision.description))"
        let url = try self.url(address + "?blobs=true")
        // Whoever has no network should not wait long to hear it.
        return try retrying(address, connectionLimit: 3) {
            var content = Data()
            let answer = try follow(url, isHead: false, fields: []) { _, bytes in
                content.append(contentsOf: bytes)
                guard content.count <= Self.listingLimit else {
                    throw HubError.invalidAnswer(
                        url: address, expected: "at most \(Self.listingLimit) bytes", found: "more")
                }
            }
            try check(answer, revision: revision, file: nil)
            return try Listing(parsing: content, url: address, repository: repository)
        }
    }

    /// Size and checksum of a file.
    func metadata(of file: String, at commit: String) throws -> FileMetadata {
        let address = address(of: file, at: commit)
        let url = try self.url(address)
        return try retrying(address) {
            let answer = try follow(
                url, isHead: true, fields: [], isEnough: { $0["x-linked-etag"] != nil }, body: { _, _ in })
            if answer.response.location == nil { try check(answer, revision: nil, file: file) }
            if let found = answer.response["x-repo-commit"], found != commit {
                throw HubError.invalidAnswer(
                    url: address, expected: "the file of commit \(commit)",
                    found: "that of \(JSONValue.quoted(found))")
            }
            return try FileMetadata(answer.response, url: address)
        }
    }

    /// Sends one request for a file's content from an offset on.
    ///
    /// - Parameters:
    ///   - validator: the ETag that the bytes before the offset came with, if it is known.
    ///   - body: gets the answer's head and a piece of its content.
    /// - Returns: the head, of status 200, 206 or 416.
    /// - Throws: `TransferError`, `HubError`, what `body` throws.
    func content(
        of file: String, at commit: String, from offset: Int, validator: String?,
        body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    ) throws -> HTTPResponse {
        var fields: [String] = []
        if offset > 0 {
            fields.append("Range: bytes=\(offset)-")
            if let validator { fields.append("If-Range: \(validator)") }
        }
        let answer = try follow(
            try url(address(of: file, at: commit)), isHead: false, fields: fields, body: body)
        if answer.response.status != 416 { try check(answer, revision: nil, file: file) }
        return answer.response
    }

    /// Where a file is, for messages too.
    func address(of file: String, at commit: String) -> String {
        let path = file.split(separator: "/").map { PercentEncoding.encode($0) }.joined(separator: "/")
        return "\(settings.endpoint)/\(repository)/resolve/\(commit)/\(path)"
    }

    /// Tries again what failed for a passing reason, each time after a longer pause.
    ///
    /// - Parameters:
    ///   - connectionLimit: how often the connection may fail, if less often than all may.
    ///   - hasProgressed: whether the last attempt brought something new, so that the count of failures
    ///     starts again.
    /// - Throws: `HubError.unreachable` after ``HubSettings/attemptCount`` failures; any other error at once.
    func retrying<Result>(
        _ address: String, connectionLimit: Int = .max, hasProgressed: () -> Bool = { false },
        _ body: () throws -> Result
    ) throws -> Result {
        var failures = 0
        while true {
            do {
                return try body()
            } catch let error as TransferError where error != .cancelled {
                failures = hasProgressed() ? 1 : failures + 1
                let limit = min(settings.attemptCount, error.isConnection ? connectionLimit : .max)
                guard error.isTransient, failures < limit else {
                    throw HubError.unreachable(url: address, attempts: failures, reason: error.reason)
                }
                var delay = settings.firstDelay * Double(1 << min(failures - 1, 10))
                if case .busy(_, let asked?) = error { delay = max(delay, asked) }
                try pause(min(delay, 60))
            }
        }
    }

    private func pause(_ seconds: Double) throws {
        let end = Date() + seconds
        while Date() < end {
            try cancellation.check()
            Thread.sleep(forTimeInterval: min(0.05, max(0, end.timeIntervalSinceNow)))
        }
    }

    private func url(_ address: String) throws -> URL {
        guard let url = URL(string: address) else {
            throw HubError.invalidAnswer(url: address, expected: "an address", found: "another text")
        }
        return url
    }
}

extension HubSession {
    /// The last answer to a request, and whether another server than the endpoint gave it.
    private struct Answer {
        let response: HTTPResponse
        let isForeign: Bool
    }

    /// Sends a request and follows redirects. The token goes to the endpoint only: from the first
    /// redirect to another scheme, host or port on, it is left out.
    ///
    /// - Parameter isEnough: whether a redirect itself is the answer.
    private func follow(
        _ start: URL, isHead: Bool, fields: [String], isEnough: (HTTPResponse) -> Bool = { _ in false },
        body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    ) throws -> Answer {
        var url = start
        var isForeign = false
        // Compressed content would have neither the size nor the ranges of the file.
        let fields = fields + ["Accept-Encoding: identity"]
        for _ in 0...Self.redirectLimit {
            let authorization = isForeign ? nil : settings.token.map { "Authorization: Bearer \($0)" }
            let response = try client.send(
                url, isHead: isHead, fields: fields + [authorization].compactMap { $0 }, body: body)
            guard let location = response.location, !isEnough(response) else {
                return Answer(response: response, isForeign: isForeign)
            }
            guard let next = URL(string: location, relativeTo: url)?.absoluteURL, let scheme = next.scheme,
                scheme == "https" || scheme == "http" && url.scheme != "https"
            else {
                throw HubError.invalidAnswer(
                    url: start.absoluteString, expected: "a redirect to an address as safe as its own",
                    found: JSONValue.quoted(location))
            }
            isForeign = isForeign || !url.hasSameOrigin(as: next)
            url = next
        }
        throw HubError.invalidAnswer(
            url: start.absoluteString, expected: "at most \(Self.redirectLimit) redirects", found: "more")
    }

    /// - Throws: the error that an answer's status stands for.
    private func check(_ answer: Answer, revision: Revision?, file: String?) throws {
        let response = answer.response
        if response.isSuccess { return }
        if let error = TransferError(response) { throw error }
        let (name, hasToken) = (repository.description, settings.token != nil)
        if !answer.isForeign {
            switch (response.status, response["x-error-code"]) {
            case (_, "GatedRepo"):
                throw HubError.gated(name, endpoint: settings.endpoint, hasToken: hasToken)
            case (404, "RevisionNotFound"):
                throw HubError.noRevision(revision?.description ?? "", repository: name)
            case (404, _) where file != nil:
                throw HubError.noFile(file ?? "", repository: name)
            case (404, _), (401, "RepoNotFound"),
                (401, nil) where !hasToken:
                throw HubError.noRepository(name, endpoint: settings.endpoint, hasToken: hasToken)
            case (401, _), (403, _):
                // At most a line of the server's words, with nothing that a terminal could trip over.
                let says = response["x-error-message"].map { String($0.filter(\.isPrintable).prefix(200)) }
                throw HubError.refused(name, status: response.status, hasToken: hasToken, says: says)
            default: break
            }
        }
        throw HubError.invalidAnswer(
            url: file.map { "\(settings.endpoint)/\(name) for \($0)" } ?? "\(settings.endpoint)/\(name)",
            expected: "HTTP status 200", found: "\(response.status)")
    }
}

extension URL {
    /// Whether scheme, host and port are the same.
    fileprivate func hasSameOrigin(as other: URL) -> Bool {
        func origin(_ url: URL) -> [String] {
            let scheme = url.scheme?.lowercased() ?? ""
            return [scheme, url.host?.lowercased() ?? "", "\(url.port ?? (scheme == "https" ? 443 : 80))"]
        }
        return origin(self) == origin(other)
    }
}

extension Character {
    fileprivate var isPrintable: Bool {
        unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }
}
