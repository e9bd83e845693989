import Testing

@testable import Preprocessing

@Suite struct PieceTableTests {
    @Test func addsPiecesAndFindsThem() throws {
        var table = PieceTable()
        #expect(table.idLimit == 0)
        #expect(try table.add("a", id: 9) == 0)
        #expect(try table.add("\u{E9}", id: 1) == 1)
        #expect(try table.add("e\u{301}", id: 2) == 2)
        #expect(try table.add("a", id: 9) == 0)
        #expect(table.index(of: "e\u{301}") == 2)
        #expect(table.index(of: "x") == nil)
        #expect(table[0].id == 9 && table[0].text == "a")
        #expect(table.idLimit == 10)
        #expect(table.pieces.count == 3)
    }

    @Test func refusesConflicts() throws {
        var table = PieceTable()
        _ = try table.add("a", id: 1)
        #expect(throws: PieceTable.Conflict.self) { try table.add("a", id: 2) }
        #expect(throws: PieceTable.Conflict.self) { try table.add("b", id: 1) }
        #expect(table.pieces.count == 1)
    }
}
