import Testing

@testable import Hub

@Suite struct RevisionTests {
    @Test func revisions() throws {
        #expect(try !Revision("main").isCommit && Revision("refs/pr/1").description == "refs/pr/1")
        #expect(try Revision(String(repeating: "0f", count: 20)).isCommit)
        for text in ["", "..", "../x", "a/../b", "/a", "a/", "a\nb", String(repeating: "a", count: 201)] {
            #expect(throws: HubError.invalidRevision(text)) { try Revision(text) }
        }
    }
}
