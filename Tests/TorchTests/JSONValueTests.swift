import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct JSONValueTests {
    // MARK: Reading

    @Test(
        arguments: [
            ("null", JSONValue.null), (" true\n", true), ("false", false), ("0", 0), ("-0", 0),
            ("-12", -12), ("12.0", 12.0), ("1e-12", 1e-12), ("1E+2", 100.0), ("-0.5e1", -5.0),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("1000000000000000019884624838656", 1e30), ("1e-400", 0.0),
            (#""""#, ""), (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"),
            (#""\u00e9\u20AC\ud83d\ude00""#, "é€😀"), ("\"é€😀\"", "é€😀"), (#""\u0000""#, "\0"),
            ("[]", []), ("[ 1 , [2] ]", [1, [2]]), ("{}", [:]),
            (#"{ "a" : { "b" : [ null ] } }"#, ["a": ["b": [nil]]]),
        ] as [(String, JSONValue)])
    func parses(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test func tellsIntegersFromNumbers() throws {
        #expect(try JSONValue(parsing: "12") != JSONValue(parsing: "12.0"))
        #expect(try JSONValue(parsing: "12.0").integerValue == nil)
        #expect(try JSONValue(parsing: "12").doubleValue == 12)
    }

    @Test(arguments: [
        ("", 1, 1), ("  ", 1, 3), ("nul", 1, 1), ("truex", 1, 5), ("1 2", 1, 3), ("[1,]", 1, 4),
        ("[1 2]", 1, 4), ("[", 1, 2), ("[1", 1, 3), ("{", 1, 2), (#"{"a"}"#, 1, 5),
        (#"{"a":}"#, 1, 6), (#"{"a":1,}"#, 1, 8), ("{a:1}", 1, 2),
        (#"{"a":1 "b":2}"#, 1, 8),
        ("01", 1, 2), ("-", 1, 2), ("+1", 1, 1), (".5", 1, 1), ("1.", 1, 3), ("1e", 1, 3),
        ("1e+", 1, 4), ("NaN", 1, 1), ("Infinity", 1, 1), ("-Infinity", 1, 2), ("'a'", 1, 1),
        ("\"a", 1, 3), ("\"a\nb\"", 1, 3), (#""\x""#, 1, 3), (#""\u12"#, 1, 6),
        (#""\u12g4""#, 1, 6),
        (#""\ud800""#, 1, 2), (#""\udc00""#, 1, 2), (#""\ud800\u0041""#, 1, 2), ("\"\\", 1, 3),
        ("// x", 1, 1), ("[\n  1,\n  é]", 3, 3), ("[\"é\", x]", 1, 7), ("\u{FEFF}{}", 1, 1),
    ])
    func refusesWithPlace(text: String, line: Int, column: Int) throws {
        let error = try #require(throws: JSONError.self) { try JSONValue(parsing: text) }
        guard case .malformed(_, let foundLine, let foundColumn, _, _) = error else {
            Issue.record("wrong error: \(error)")
            return
        }
        #expect(foundLine == line && foundColumn == column, "\(error)")
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22],
            [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0x80, 0x22], [0xFF], [0x00],
        ] as [[UInt8]])
    func refusesBytesThatAreNotUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Data(bytes)) }
    }

    @Test(arguments: ["1e400", "-1e400", "9223372036854775808123", "18446744073709551615"])
    func refusesNumbersOutOfRange(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func refusesKeyWrittenTwice() throws {
        let error = try #require(throws: JSONError.self) {
            try JSONValue(parsing: "{\"a\": 1,\n \"\\u0061\": 2}", source: "config.json")
        }
        #expect(
            error.description
                == #"config.json:2:2: expected each key once, found "a" a second time"#)
        let many = (0..<20).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(throws: JSONError.self) { try JSONValue(parsing: "{\(many),\"k3\":0}") }
    }

    @Test func keepsKeysApartThatAreOnlyCanonicallyEquivalent() throws {
        let value = try JSONValue(parsing: "{\"\u{F900}\": 1, \"\u{8C48}\": 2}")
        #expect(value["\u{F900}"] == 1)
        #expect(value["\u{8C48}"] == 2)
    }

    @Test func limitsDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONValue(parsing: nested(128))
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(129)) }
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: String(repeating: #"{"a":"#, count: 100_000))
        }
    }

    /// Every text that a valid one is cut off to, or that one changed byte makes of it, parses or throws.
    @Test func survivesEveryTruncationAndEveryChangedByte() throws {
        let text = Array(#"{"a":[1,-2.5e1,"\ud83d\ude00é",null],"b":{"c":true}}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Data(text.prefix(length))) }
        }
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                if let value = try? JSONValue(parsing: Data(changed)) {
                    #expect(try JSONValue(parsing: value.text()) == value)
                }
            }
        }
    }

    @Test func readsFile() throws {
        let folder = try TemporaryFolder()
        let file = try folder.add("config.json", Data(#"{"a": }"#.utf8))
        let error = try #require(throws: JSONError.self) { try JSONValue(contentsOf: file) }
        #expect(error.description == "\(file.path):1:7: expected a value, found '}'")
        let empty = try folder.add("empty.json", Data())
        #expect(throws: JSONError.self) { try JSONValue(contentsOf: empty) }
        #expect(throws: FileError.self) {
            try JSONValue(contentsOf: folder.url.appendingPathComponent("none.json"))
        }
    }

    // MARK: Writing

    @Test func keepsOrderOfKeys() throws {
        let keys = ["z", "a", "m", "b", "y", "c", "x", "d", "w", "e"]
        let text = "{" + keys.map { "\"\($0)\":1" }.joined(separator: ",") + "}"
        var value = try JSONValue(parsing: text)
        #expect(try value.text(.compact) == text)
        guard case .object(var object) = value else { return }
        object["acm"] = 2
        object["m"] = 3
        object["z"] = nil
        #expect(object.keys == ["a", "m", "b", "y", "c", "x", "d", "w", "e", "acm"])
        #expect(object["m"] == 3 && object["acm"] == 2 && object["z"] == nil)
        value = .object(object)
        #expect(try JSONValue(parsing: value.text()) == value)
    }

    /// The expected text is Python's `json.dumps(value, indent=2)`.
    @Test func writesAsHuggingFace() throws {
        let value: JSONValue = [
            "b": [1, 2.5, 1e-12, 1e-05, 0.02, 1e22, nil, true], "a": ["é😀\u{7F}\n\"\\": [:]],
            "empty": [],
        ]
        let expected = #"""
            {
              "b": [
                1,
                2.5,
                1e-12,
                1e-05,
                0.02,
                1e+22,
                null,
                true
              ],
              "a": {
                "\u00e9\ud83d\ude00\u007f\n\"\\": {}
              },
              "empty": []
            }
            """#
        #expect(try value.text(.huggingFace) == expected)
        #expect(try JSONValue(parsing: expected) == value)
        #expect(try JSONValue.string("é\u{7F}").text(.indented) == #""é\u007f""#)
    }

    @Test(arguments: [
        0.1, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1 / 3, 123_456_789.125, 9.5e15,
    ])
    func numbersRoundTrip(number: Double) throws {
        let read = try JSONValue(parsing: JSONValue.number(number).text()).doubleValue
        #expect(read?.bitPattern == number.bitPattern)
    }

    @Test func refusesToWriteWhatIsNotFinite() throws {
        let value: JSONValue = ["loss": [1, .number(.nan)]]
        let error = try #require(throws: JSONError.self) { try value.text() }
        #expect(
            error.description
                == #"cannot write JSON: "loss.1" must be a finite number, found nan"#)
    }

    @Test func writesFile() throws {
        let folder = try TemporaryFolder()
        let file = folder.url.appendingPathComponent("config.json")
        let value: JSONValue = ["a": 1]
        try value.write(to: file)
        #expect(try String(contentsOf: file, encoding: .utf8) == "{\n  \"a\": 1\n}\n")
    }

    @Test func passesThroughCoders() throws {
        let value: JSONValue = ["a": [1, 2.5, nil, true, "x"], "b": ["c": []]]
        let data = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(JSONValue.self, from: data) == value)
    }

    @Test func subscripts() throws {
        let value: JSONValue = ["a": [1, "x"]]
        #expect(value["a"]?[1]?.stringValue == "x")
        #expect(value["a"]?[2] == nil)
        #expect(value["b"] == nil && value[0] == nil)
    }
}
