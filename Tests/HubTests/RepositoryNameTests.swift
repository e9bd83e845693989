import Testing

@testable import Hub

@Suite struct RepositoryNameTests {
    @Test func repositories() throws {
        #expect(
            try RepositoryName("facebook/wav2vec2-base_960h.v1").folderName
                == "models--facebook--wav2vec2-base_960h.v1")
        #expect(try RepositoryName("gpt2").folderName == "models--gpt2")
        for text in [
            "", "/", "a/", "/a", "a/b/c", "a b/c", "-a/b", "a/b.", "a/..", "a/b--c", "a/b.git", "ä/b",
            "a/b~c",
            "https://huggingface.co/a/b", "a/" + String(repeating: "b", count: 97),
        ] {
            #expect(throws: HubError.invalidName(text)) { try RepositoryName(text) }
        }
    }
}
