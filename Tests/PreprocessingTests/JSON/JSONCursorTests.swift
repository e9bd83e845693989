import Foundation
import Testing
import Torch

@testable import Preprocessing

@Suite struct JSONCursorTests {
    private func cursor(_ text: String) throws -> (JSONCursor, TemporaryFolder) {
        let folder = try TemporaryFolder(["a.json": text])
        return (
            try JSONCursor(file: folder.url.appendingPathComponent("a.json"), operation: "Reading"), folder
        )
    }

    @Test func readsMembersAndElements() throws {
        let (root, _) = try cursor(#"{"a": {"b": [true, "x", 7]}, "n": null}"#)
        let elements = try root.required("a").required("b").elements()
        #expect(try elements[0].boolean())
        #expect(try elements[1].string() == "x")
        #expect(try elements[2].integer(in: 0...7) == 7)
        #expect(try root.optional("n") == nil)
        #expect(try root.optional("missing") == nil)
        #expect(try root.members().map(\.key) == ["a", "n"])
    }

    @Test func errorsNameTheWayToTheValueAndTheFile() throws {
        let (root, folder) = try cursor(#"{"a": {"b": [1, {"c": 1.5}]}}"#)
        let place = "in \(folder.url.path)/a.json."
        let element = try root.required("a").required("b").elements()[1]
        #expect(
            try message { _ = try element.required("c").string() }
                == "Reading: expected a string for \"a.b[1].c\", found a fraction, \(place)")
        #expect(
            try message { _ = try element.required("d") }
                == "Reading: expected a value for \"a.b[1].d\", found none, \(place)")
        #expect(
            try message { _ = try root.required("a").required("b").elements()[0].integer(in: 2...5) }
                == "Reading: expected an integer in 2...5 for \"a.b[0]\", found 1, \(place)")
    }

    @Test func errorsOfTheParserNameThePlace() throws {
        let text = try message { _ = try cursor("{\"a\": }") }
        #expect(text.contains("expected a value, found '}' at line 1, column 7, in "))
    }

    @Test func refusesAMissingFileAndAFolder() throws {
        let folder = try TemporaryFolder()
        #expect(throws: FileError.self) {
            try JSONCursor(file: folder.url.appendingPathComponent("none.json"), operation: "Reading")
        }
        #expect(throws: FileError.self) { try JSONCursor(file: folder.url, operation: "Reading") }
    }
}
