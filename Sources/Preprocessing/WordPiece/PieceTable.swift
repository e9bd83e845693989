import Torch

/// All tokens of a tokenizer, those of its vocabulary and added ones, each with its id.
struct PieceTable: Sendable {
    struct Piece: Sendable {
        let id: Int
        let text: String
    }

    private(set) var pieces: [Piece] = []
    private var indices: [ExactString: Int32] = [:]
    private var owners: [Int: Int32] = [:]  // by id

    /// Why a piece cannot be added.
    enum Conflict: Error {
        case sameText(id: Int)
        case sameID(text: String)
    }

    subscript(index: Int32) -> Piece {
        pieces[Int(index)]
    }

    /// The index of the piece `text`.
    func index(of text: String) -> Int32? {
        indices[ExactString(text)]
    }

    /// One more than the largest id.
    var idLimit: Int {
        (owners.keys.max() ?? -1) + 1
    }

    /// Adds a piece and returns its index; a piece that is there with the same id is left as it is.
    mutating func add(_ text: String, id: Int) throws(Conflict) -> Int32 {
        if let known = index(of: text) {
            guard self[known].id == id else { throw .sameText(id: self[known].id) }
            return known
        }
        if let owner = owners[id] { throw .sameID(text: self[owner].text) }
        let index = Int32(pieces.count)
        pieces.append(Piece(id: id, text: text))
        indices[ExactString(text)] = index
        owners[id] = index
        return index
    }
}
