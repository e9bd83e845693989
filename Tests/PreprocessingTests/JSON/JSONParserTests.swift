import Testing

@testable import Preprocessing

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONNode {
        try JSONParser.parse(Array(text.utf8))
    }

    @Test func parsesEveryKindOfValue() throws {
        let node = try parse(#" { "a" : [ 1, -2.5e1, true , false, null ], "b": {}, "c": [], "d": "x" } "#)
        #expect(
            node
                == .object([
                    "a": .array([.integer(1), .number(-25), .bool(true), .bool(false), .null]),
                    "b": .object([:]), "c": .array([]), "d": .string("x"),
                ]))
    }

    @Test(arguments: [
        (#""""#, ""), (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u0000""#, "é\0"),
        (#""\ud83d\uDE00!""#, "😀!"), ("\"\u{4E2D}\u{7F}\"", "\u{4E2D}\u{7F}"),
    ])
    func parsesStrings(text: String, expected: String) throws {
        guard case .string(let found) = try parse(text) else {
            Issue.record("not a string")
            return
        }
        #expect(Array(found.utf8) == Array(expected.utf8))
    }

    @Test func keepsCanonicallyEquivalentKeysApart() throws {
        let node = try parse("{\"\u{E9}\": 1, \"e\u{301}\": 2}")
        #expect(node == .object(["\u{E9}": .integer(1), "e\u{301}": .integer(2)]))
    }

    @Test(arguments: ["0", "-0", "9223372036854775807", "-9223372036854775808"])
    func parsesIntegers(text: String) throws {
        #expect(try parse(text) == .integer(try #require(Int(text))))
    }

    @Test(arguments: [
        "", " ", "{", "[", "\"", "\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "[1,",
        "[1,]",
        "[1 2]", "{a:1}", "{1:1}", "{\"a\" 1}", "tru", "truee", "nul", "01", "-", "+1", "1.", ".5", "1e",
        "1e+", "0x1",
        "NaN", "1e999", "9223372036854775808", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud800\"",
        "\"\\ud800x\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "\"\u{1}\"", "1 2", "[]]", "\u{FEFF}1", "'a'",
        "// x\n1",
        "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}",
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONParser.Failure.self) { try parse(text) }
    }

    @Test func refusesBytesThatAreNotUTF8() {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse([0x22, 0xC3, 0x22]) }
    }

    @Test func refusesDeepNestingWithoutOverflowingTheStack() throws {
        let deepest = JSONParser.maximumDepth
        _ = try parse(String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest))
        #expect(throws: JSONParser.Failure.self) { try parse(String(repeating: "[", count: 1_000_000)) }
    }

    @Test func saysWhereAndWhat() {
        #expect(throws: JSONParser.Failure(expected: "a colon after a key", found: "\"1\"", offset: 5)) {
            try parse(#"{"a" 1}"#)
        }
    }

    /// Every text that a valid one is cut off to, or that one changed byte makes of it, parses or throws.
    @Test func survivesEveryTruncationAndEveryChangedByte() throws {
        let text = Array(#"{"a":[1,-2.5e1,"\ud83d\ude00é",null],"b":{"c":true}}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(Array(text.prefix(length))) }
        }
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                _ = try? JSONParser.parse(changed)
            }
        }
    }
}
