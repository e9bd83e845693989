import Testing

@testable import Preprocessing

@Suite struct PieceTrieTests {
    @Test func findsTheLongestMember() throws {
        var trie = PieceTrie()
        for (index, text) in ["a", "abc", "b", "é", "e\u{301}"].enumerated() {
            trie.insert(text, as: Int32(index))
        }
        func match(_ text: String) -> [Int]? {
            let scalars = Array(text.unicodeScalars)
            return trie.longestMatch(in: scalars, scalars.indices).map { [Int($0.member), $0.end] }
        }
        #expect(match("abcd") == [1, 3])
        #expect(match("abd") == [0, 1])
        #expect(match("ba") == [2, 1])
        #expect(match("\u{E9}") == [3, 1])
        #expect(match("e\u{301}") == [4, 2])
        #expect(match("e") == nil)
        #expect(match("x") == nil)
        #expect(match("") == nil)
    }

    @Test func startsAnywhere() throws {
        var trie = PieceTrie()
        trie.insert("##ing", as: 7)
        let behindPrefix = try #require(trie.node(after: "##"))
        let scalars = Array("seeing".unicodeScalars)
        let match = try #require(trie.longestMatch(in: scalars, 3..<6, from: behindPrefix))
        #expect(match.member == 7 && match.end == 6)
        #expect(trie.longestMatch(in: scalars, 3..<5, from: behindPrefix) == nil)
        #expect(trie.node(after: "@@") == nil)
        #expect(trie.node(after: "") == PieceTrie.root)
    }

    @Test func returnsTheMemberThatAnotherReplaces() {
        var trie = PieceTrie()
        #expect(trie.insert("ab", as: 1) == nil)
        #expect(trie.insert("a", as: 2) == nil)
        #expect(trie.insert("ab", as: 3) == 1)
    }

    @Test func growsAndKeepsEverything() throws {
        var trie = PieceTrie()
        for number in 0..<5000 { trie.insert(String(number, radix: 36), as: Int32(number)) }
        for number in 0..<5000 {
            let node = try #require(trie.node(after: String(number, radix: 36)))
            #expect(trie.member(at: node) == Int32(number))
        }
    }
}
