import Foundation
import Testing

/// Only `acm fetch` touches the network.
@Suite struct NetworkUseTests {
    @Test func onlyTheHubOpensConnections() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
        let files = try FileManager.default.subpathsOfDirectory(atPath: sources.path)
            .filter { $0.hasSuffix(".swift") || $0.hasSuffix(".c") }
        #expect(files.count > 100)
        var users: Set<String> = []
        for file in files {
            let text = try String(contentsOf: sources.appendingPathComponent(file), encoding: .utf8)
            for word in ["FoundationNetworking", "URLSession", "socket(", "getaddrinfo", "import NIO"] {
                #expect(!text.contains(word), "\(file)")
            }
            if text.contains("Fetcher(") || text.contains("hub_client_create(") { users.insert(file) }
        }
        #expect(
            users.subtracting(["Hub/Fetcher.swift"]) == [
                "CHub/transfer.c", "Hub/HTTP/HTTPClient.swift", "acm/Fetch.swift",
            ])
    }
}
