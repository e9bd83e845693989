import Foundation
import Torch

/// Where repositories come from and where they go, as the environment says it to all of Hugging
/// Face's programs.
public struct HubSettings: Sendable {
    /// `HF_ENDPOINT`, else the public hub; without a slash at its end.
    public var endpoint: String
    /// `HF_TOKEN`, else the token file that a login has left; sent to the endpoint only.
    public var token: String?
    /// `HF_HUB_CACHE`, else `hub` in `HF_HOME`, which is `~/.cache/huggingface` if it is not set.
    public var cacheFolder: URL
    /// `HF_HUB_OFFLINE`: nothing is asked of the server.
    public var isOffline: Bool
    /// `SSL_CERT_FILE`: trusted authorities instead of the system's.
    public var certificates: String?

    /// Seconds to wait for a connection.
    public var connectTimeout = 10.0
    /// Whole seconds without a byte after which a connection counts as broken: `HF_HUB_DOWNLOAD_TIMEOUT`.
    public var stallTimeout = 10
    /// Seconds before the second attempt; each further one waits twice as long.
    public var firstDelay = 0.5
    /// How often something is tried that fails and brings nothing new.
    public var attemptCount = 5
    /// How many files are fetched at a time.
    public var connectionCount = 4

    static let userAgent = "acm/0.1 (AdaptiveComputation)"

    public init(endpoint: String, cacheFolder: URL, token: String? = nil, isOffline: Bool = false) throws {
        self.endpoint = try Self.checked(endpoint: endpoint)
        self.cacheFolder = cacheFolder
        self.token = try token.flatMap { try Self.checked(token: $0, source: "HF_TOKEN") }
        self.isOffline = isOffline
    }

    /// Reads the environment, and the token file if the environment has no token.
    ///
    /// - Throws: `HubError.invalidSetting`; `FileError` if the token file cannot be read.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        func isTrue(_ name: String) -> Bool {
            ["1", "ON", "YES", "TRUE"].contains(environment[name]?.uppercased())
        }
        let userFolder = value("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
        func folder(_ path: String) -> URL {
            let isInHome = path == "~" || path.hasPrefix("~/")
            return URL(fileURLWithPath: isInHome ? userFolder + path.dropFirst() : path)
        }
        let home =
            value("HF_HOME").map(folder)
            ?? folder(value("XDG_CACHE_HOME") ?? "~/.cache").appendingPathComponent("huggingface")
        try self.init(
            endpoint: value("HF_ENDPOINT") ?? "https://huggingface.co",
            cacheFolder: value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE").map(folder)
                ?? home.appendingPathComponent("hub"),
            token: nil, isOffline: isTrue("HF_HUB_OFFLINE") || isTrue("TRANSFORMERS_OFFLINE"))
        certificates = value("SSL_CERT_FILE")
        if let given = value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") {
            token = try Self.checked(token: given, source: "HF_TOKEN")
        } else if !isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            token = try Self.token(
                in: value("HF_TOKEN_PATH").map(folder) ?? home.appendingPathComponent("token"))
        }
        if let given = value("HF_HUB_DOWNLOAD_TIMEOUT") {
            guard let seconds = Int(given), (1...86_400).contains(seconds) else {
                throw HubError.invalidSetting(
                    name: "HF_HUB_DOWNLOAD_TIMEOUT", expected: "whole seconds from 1 to 86400", found: given)
            }
            stallTimeout = seconds
        }
    }

    private static func token(in file: URL) throws -> String? {
        do {
            let content = try MappedFile(file)
            let text = withExtendedLifetime(content) { String(decoding: content.bytes, as: UTF8.self) }
            return try checked(token: text, source: file.path)
        } catch FileError.notFound {
            return nil
        }
    }

    /// A token becomes a header field, so it must not hold a line's end. It is never shown.
    private static func checked(token: String, source: String) throws -> String? {
        let token = token.trimmingCharacters(in: .whitespacesAndNewlines)
        guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw HubError.invalidSetting(
                name: source, expected: "a token of printable ASCII characters", found: "other ones")
        }
        return token.isEmpty ? nil : token
    }

    private static func checked(endpoint: String) throws -> String {
        let trimmed = String(endpoint.reversed().drop { $0 == "/" }.reversed())
        guard let url = URL(string: trimmed), ["http", "https"].contains(url.scheme?.lowercased()),
            url.host?.isEmpty == false, url.query == nil, url.fragment == nil
        else {
            throw HubError.invalidSetting(
                name: "HF_ENDPOINT", expected: "an http or https address such as https://huggingface.co",
                found: JSONValue.quoted(endpoint))
        }
        return trimmed
    }
}
