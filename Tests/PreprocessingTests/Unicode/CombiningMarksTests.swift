import Testing

@testable import Preprocessing

@Suite struct CombiningMarksTests {
    private func removed(_ marks: inout CombiningMarks) -> [(Unicode.Scalar, Int)] {
        var result: [(Unicode.Scalar, Int)] = []
        marks.removeAll { result.append(($0, $1)) }
        return result
    }

    @Test func sortsByClassAndCountsOriginsOff() {
        var marks = CombiningMarks()
        marks.add("\u{302E}", order: 224, from: 4, startsDecomposition: true)
        marks.add("\u{302A}", order: 218, from: 5, startsDecomposition: true)
        let result = removed(&marks)
        #expect(result.map(\.0) == ["\u{302A}", "\u{302E}"])
        #expect(result.map(\.1) == [4, 5])
        #expect(removed(&marks).isEmpty)
    }

    @Test func keepsEqualClassesInOrder() {
        var marks = CombiningMarks()
        for (index, mark) in (["\u{301}", "\u{300}", "\u{323}"] as [Unicode.Scalar]).enumerated() {
            marks.add(mark, order: mark == "\u{323}" ? 220 : 230, from: index, startsDecomposition: true)
        }
        #expect(removed(&marks).map(\.0) == ["\u{323}", "\u{301}", "\u{300}"])
    }

    @Test func marksOfADecompositionBelongToItsOriginal() {
        var marks = CombiningMarks()  // behind the "e" of "é" at 7, then U+0323 at 8
        marks.add("\u{301}", order: 230, from: 7, startsDecomposition: false)
        marks.add("\u{323}", order: 220, from: 8, startsDecomposition: true)
        #expect(removed(&marks).map(\.1) == [8, 8])
        marks.add("\u{301}", order: 230, from: 9, startsDecomposition: false)
        #expect(removed(&marks).map(\.1) == [9])
    }
}
