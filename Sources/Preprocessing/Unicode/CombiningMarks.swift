/// The combining marks that follow one character, to be put in canonical order.
///
/// Marks of different classes change places; where each then came from follows the reference: the
/// original scalars are counted off by the marks that start a decomposition, in their new order.
struct CombiningMarks {
    private var marks: [(scalar: Unicode.Scalar, order: UInt8, startsDecomposition: Bool)] = []
    private var origins: [Int] = []
    private var precedingOrigin = 0

    /// - Parameter startsDecomposition: whether this is the first scalar that the original at `origin` gave.
    mutating func add(_ scalar: Unicode.Scalar, order: UInt8, from origin: Int, startsDecomposition: Bool) {
        marks.append((scalar, order, startsDecomposition))
        if startsDecomposition { origins.append(origin) } else if origins.isEmpty { precedingOrigin = origin }
    }

    /// Calls `body` with each mark, in canonical order, and its origin; none are left afterwards.
    mutating func removeAll(_ body: (Unicode.Scalar, Int) -> Void) {
        guard !marks.isEmpty else { return }
        if marks.count > 1 { marks.sort { $0.order < $1.order } }  // Swift's sort is stable
        var nextOrigin = 0
        var origin = precedingOrigin
        for mark in marks {
            if mark.startsDecomposition {
                origin = origins[nextOrigin]
                nextOrigin += 1
            }
            body(mark.scalar, origin)
        }
        marks.removeAll(keepingCapacity: true)
        origins.removeAll(keepingCapacity: true)
    }
}
