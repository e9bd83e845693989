import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite struct RepositoryCacheTests {
    @Test func linksReplaceWhatIsThere() throws {
        let folder = try TemporaryFolder()
        let cache = RepositoryCache(folder.url, try RepositoryName("a/b"))
        try cache.prepare("c")
        let place = cache.snapshot("c").appendingPathComponent("x")
        for (index, tag) in ["one", "two", "two"].enumerated() {
            if index == 0 { try Data("a file".utf8).write(to: place) }
            try Data(tag.utf8).write(to: cache.blob(tag))
            try cache.link("x", in: "c", to: tag)
            #expect(try Data(contentsOf: place) == Data(tag.utf8))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache.snapshot("c").path) == ["x"])
    }

    @Test(arguments: ["", "main", "../../x", String(repeating: "A", count: 40)])
    func referencesThatAreNone(text: String) throws {
        let folder = try TemporaryFolder()
        let cache = RepositoryCache(folder.url, try RepositoryName("a/b"))
        let commit = String(repeating: "0a", count: 20)
        try cache.setCommit(of: .main, to: commit)
        #expect(cache.commit(of: .main) == commit)
        try Data(text.utf8).write(to: folder["models--a--b/refs/main"])
        #expect(cache.commit(of: .main) == nil)
    }
}
