import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite struct HubSettingsTests {
    @Test func theEnvironmentSaysWhere() throws {
        func cache(_ environment: [String: String]) throws -> String {
            try HubSettings(environment: environment.merging(["HOME": "/u"]) { first, _ in first })
                .cacheFolder.path
        }
        #expect(try cache([:]) == "/u/.cache/huggingface/hub")
        #expect(try cache(["XDG_CACHE_HOME": "/x"]) == "/x/huggingface/hub")
        #expect(try cache(["HF_HOME": "~/hf"]) == "/u/hf/hub")
        #expect(try cache(["HF_HOME": "/h", "HUGGINGFACE_HUB_CACHE": "/old"]) == "/old")
        #expect(try cache(["HF_HUB_CACHE": "/c", "HUGGINGFACE_HUB_CACHE": "/old"]) == "/c")
        let settings = try HubSettings(environment: ["HOME": "/u"])
        #expect(settings.endpoint == "https://huggingface.co" && !settings.isOffline && settings.token == nil)
        #expect(
            try HubSettings(environment: ["HF_ENDPOINT": "http://mirror:8080/hf/"]).endpoint
                == "http://mirror:8080/hf")
        for (value, isOffline) in [("1", true), ("yes", true), ("0", false), ("", false)] {
            #expect(try HubSettings(environment: ["HF_HUB_OFFLINE": value]).isOffline == isOffline)
        }
        #expect(try HubSettings(environment: ["HF_HUB_DOWNLOAD_TIMEOUT": "7"]).stallTimeout == 7)
    }

    @Test func theTokenComesFromTheEnvironmentOrItsFile() throws {
        let folder = try TemporaryFolder(["token": " of-the-file\n"])
        let home = ["HF_HOME": folder.url.path]
        func token(_ more: [String: String]) throws -> String? {
            try HubSettings(environment: home.merging(more) { $1 }).token
        }
        #expect(try token([:]) == "of-the-file")
        #expect(try token(["HF_TOKEN": "given"]) == "given")
        #expect(try token(["HF_TOKEN": "given", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]) == "given")
        #expect(try token(["HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]) == nil)
        #expect(try token(["HF_TOKEN_PATH": folder["none"].path]) == nil)
        let error = #expect(throws: HubError.self) { try token(["HF_TOKEN": "secret\r\nX: y"]) }
        #expect(error?.description.contains("secret") == false)
    }

    @Test(arguments: ["huggingface.co", "ftp://x", "http://", "http://x?y", "file:///tmp", "http://a b"])
    func endpointsThatAreNone(text: String) {
        #expect(throws: HubError.self) { try HubSettings(environment: ["HF_ENDPOINT": text]) }
    }
}
