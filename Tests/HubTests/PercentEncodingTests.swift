import Testing

@testable import Hub

@Suite struct PercentEncodingTests {
    @Test func percentEncoding() {
        #expect(PercentEncoding.encode("refs/pr/1") == "refs%2Fpr%2F1")
        #expect(PercentEncoding.encode("a b\u{E4}-_.~") == "a%20b%C3%A4-_.~")
    }
}
