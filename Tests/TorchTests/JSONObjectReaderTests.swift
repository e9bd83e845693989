import Foundation
import Testing

@testable import Torch

@Suite struct JSONObjectReaderTests {
    private enum Activation: String, CaseIterable {
        case gelu, relu
    }

    private let reader: JSONObjectReader

    init() throws {
        let text = """
            {"hidden_size": 384, "eps": 1e-12, "act": "gelu", "cache": true, "none": null,
             "names": ["a", "b"], "sizes": [1, 2], "scales": [1, 0.5], "wrong": "abc",
             "acm": {"width": "x"}, "layers": [{"n": 1}, {"n": -1}], "long": [1,2,3,4,5,6,7,8,9]}
            """
        reader = try JSONObjectReader(JSONValue(parsing: text), source: "config.json")
    }

    @Test func readsValues() throws {
        #expect(try reader.integer("hidden_size", in: 1...1_000_000) == 384)
        #expect(try reader.double("eps") == 1e-12)
        #expect(try reader.double("hidden_size") == 384)
        #expect(try reader.string("act") == "gelu")
        #expect(try reader.choice("act", of: Activation.self) == .gelu)
        #expect(try reader.bool("cache"))
        #expect(try reader.strings("names") == ["a", "b"])
        #expect(try reader.integers("sizes", in: 1...2) == [1, 2])
        #expect(try reader.doubles("scales") == [1, 0.5])
        #expect(try reader.object("acm").string("width") == "x")
        #expect(try reader.objects("layers").map { try $0.integer("n") } == [1, -1])
    }

    @Test func readsValuesThatMayBeAbsent() throws {
        #expect(try reader.value("none") == .null)
        #expect(throws: JSONError.self) { try reader.value("x") }
        #expect(try reader.optionalIntegers("sizes", in: 1...2) == [1, 2])
        #expect(try reader.optionalObject("acm")?.path == "acm")
        #expect(throws: JSONError.self) { try reader.optionalIntegers("sizes", in: 2...2) }
        #expect(throws: JSONError.self) { try reader.optionalObject("sizes") }
    }

    @Test func defaultsStandInForAbsentKeys() throws {
        #expect(try reader.integer("x", default: 3) == 3)
        #expect(try reader.double("x", default: 1e-5) == 1e-5)
        #expect(try reader.string("x", default: "gelu") == "gelu")
        #expect(try reader.bool("x", default: true))
        #expect(try reader.strings("x", default: ["a"]) == ["a"])
        #expect(try reader.choice("x", default: Activation.relu) == .relu)
        #expect(try reader.integers("x", default: [1]) == [1])
        #expect(try reader.doubles("x", default: [1]) == [1])
    }

    @Test(arguments: ["absent", "none"])
    func optionalReadersGiveNil(key: String) throws {
        #expect(try reader.optionalInteger(key) == nil)
        #expect(try reader.optionalDouble(key) == nil)
        #expect(try reader.optionalString(key) == nil)
        #expect(try reader.optionalBool(key) == nil)
        #expect(try reader.optionalStrings(key) == nil)
        #expect(try reader.optionalIntegers(key) == nil)
        #expect(try reader.optionalObject(key) == nil)
    }

    @Test func messages() throws {
        func check(_ expected: String, _ body: () throws -> Void) {
            let error = #expect(throws: JSONError.self, performing: body)
            #expect(error?.description == "config.json: " + expected)
            #expect(error?.localizedDescription == error?.description)
        }
        check(#""wrong" must be an integer from 1 to 1000000, found "abc""#) {
            _ = try reader.integer("wrong", in: 1...1_000_000)
        }
        check(#""hidden_size" must be an integer of at most 100, found 384"#) {
            _ = try reader.integer("hidden_size", default: 1, in: .min...100)
        }
        check(#""eps" must be an integer of at least 1, found 1e-12"#) {
            _ = try reader.integer("eps", in: 1 ... .max)
        }
        check(#""none" must be an integer, found null"#) {
            _ = try reader.integer("none", default: 1)
        }
        check(#""wrong" must be an integer or null, found "abc""#) {
            _ = try reader.optionalInteger("wrong")
        }
        check(#""x" must be a number from 0.0 to 1.0, but it is missing"#) {
            _ = try reader.double("x", in: 0...1)
        }
        check(#""act" must be true or false, found "gelu""#) { _ = try reader.bool("act") }
        check(#""wrong" must be one of "gelu", "relu", found "abc""#) {
            _ = try reader.choice("wrong", default: Activation.gelu)
        }
        check(#""sizes" must be an array of strings, found [1, 2]"#) {
            _ = try reader.strings("sizes")
        }
        check(#""long" must be a string, found an array of 9 elements"#) {
            _ = try reader.string("long")
        }
        check(#""acm.width" must be an integer, found "x""#) {
            _ = try reader.object("acm").integer("width")
        }
        check(#""layers[1].n" must be an integer of at least 0, found -1"#) {
            _ = try reader.objects("layers").map { try $0.integer("n", in: 0 ... .max) }
        }
        check(#""act" must be an object, found "gelu""#) { _ = try reader.object("act") }
        check(#""acm" must be an object with only the keys "learners", "wide", found "width""#) {
            try reader.object("acm").requireKeys(among: ["wide", "learners"])
        }
        check("the document must be an object, found [1]") {
            _ = try JSONObjectReader([1], source: "config.json")
        }
    }

    @Test func knownKeysPass() throws {
        try reader.object("acm").requireKeys(among: ["width", "learners"])
    }

    @Test func longTextsAreCutInMessages() {
        let text = String(repeating: "é\u{1B}", count: 1000)
        let summary = JSONValue.string(text).summary
        #expect(summary.utf8.count < 600)
        #expect(summary.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    }
}
