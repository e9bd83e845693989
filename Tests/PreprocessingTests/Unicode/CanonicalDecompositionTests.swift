import Foundation
import Testing

@testable import Preprocessing

@Suite struct CanonicalDecompositionTests {
    private func decomposition(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        var parts: [Unicode.Scalar] = []
        CanonicalDecomposition.forEach(of: scalar) { part, index in
            #expect(index == parts.count)
            parts.append(part)
        }
        return parts
    }

    @Test func decomposesFully() {
        #expect(decomposition("a") == ["a"])
        #expect(decomposition("é") == ["e", "\u{301}"])
        #expect(decomposition("\u{1EAD}") == ["a", "\u{323}", "\u{302}"])
        #expect(decomposition("\u{212B}") == ["A", "\u{30A}"])
        #expect(decomposition("\u{F900}") == ["\u{8C48}"])
        #expect(decomposition("\u{FB01}") == ["\u{FB01}"])  // compatibility only
        #expect(decomposition("가") == ["\u{1100}", "\u{1161}"])
        #expect(decomposition("한") == ["\u{1112}", "\u{1161}", "\u{11AB}"])
    }

    @Test func leavesWhatIsYoungerThanTheReferencesTables() {
        #expect(decomposition("\u{11938}") == ["\u{11938}"])
        #expect(CanonicalDecomposition.combiningClass(of: "\u{1DF8}") == 0)
        #expect(CanonicalDecomposition.combiningClass(of: "\u{301}") == 230)
        #expect(CanonicalDecomposition.combiningClass(of: "a") == 0)
    }

    /// Against Foundation, for every scalar of Unicode 9: no block with decompositions was left out.
    @Test func agreesWithFoundationOnEveryScalar() {
        var differing = 0
        for scalar in (0x80...0x2FFFF).lazy.compactMap({ Unicode.Scalar($0 as Int) }) {
            guard let age = scalar.properties.age, age.major <= 9 else { continue }
            var parts = String.UnicodeScalarView()
            CanonicalDecomposition.forEach(of: scalar) { part, _ in parts.append(part) }
            let expected = String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars
            if !parts.elementsEqual(expected) { differing += 1 }
        }
        #expect(differing == 0)
    }
}
