import ArgumentParser
import Foundation
import Hub
import Torch

/// The one command that touches the network.
struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetches a model's files from a Hugging Face hub and prints the folder they are in.",
        discussion: """
            The files go into the cache that all of Hugging Face's programs share. HF_ENDPOINT, HF_TOKEN, \
            HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE have their usual meaning. A fetch that was cut \
            short goes on where it was when it is called again.
            """)

    @Argument(help: "The repository, as OWNER/NAME.")
    var repository: String

    @Option(help: "Branch, tag or commit.")
    var revision = "main"

    @Flag(help: "Take what the cache has, and ask no server.")
    var offline = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let name = try RepositoryName(repository)
        let revision = try Revision(self.revision)
        var settings = try HubSettings()
        settings.isOffline = settings.isOffline || offline
        let meter = FetchMeter()
        let snapshot: Snapshot
        do {
            defer { meter.finish() }
            snapshot = try Fetcher(settings, report: meter.show).fetch(name, revision: revision)
        }
        for file in snapshot.files where file.isNew && file.checksum == nil {
            StandardError.write(
                "acm: the server gave no checksum of \(file.name): only its size was compared\n")
        }
        print(try json ? snapshot.json.text() : snapshot.folder.path)
    }
}
