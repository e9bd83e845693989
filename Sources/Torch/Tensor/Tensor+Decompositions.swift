private enum Operators {
    static let eigenvalues = Operator("aten::linalg_eigh")
    static let singularValues = Operator("aten::linalg_svd")
    static let cholesky = Operator("aten::linalg_cholesky")
    static let choleskyWithInfo = Operator("aten::linalg_cholesky_ex")
    static let choleskySolve = Operator("aten::cholesky_solve")
    static let diagonal = Operator("aten::diagonal")
    static let diagonalMatrix = Operator("aten::diag_embed")
}

extension Tensor {
    /// Eigenvalues in ascending order `[n]` and eigenvectors in columns `[n, n]` of a symmetric
    /// matrix.
    public func symmetricEigenvalues() throws -> (values: Tensor, vectors: Tensor) {
        let pair = try Operators.eigenvalues.tensors(.tensor(self), capacity: 2)
        return (pair[0], pair[1])
    }

    /// The thin singular value decomposition `u · diag(values) · vTransposed`, largest value first.
    public func singularValues() throws -> (u: Tensor, values: Tensor, vTransposed: Tensor) {
        let three = try Operators.singularValues.tensors(.tensor(self), .bool(false), capacity: 3)
        return (three[0], three[1], three[2])
    }

    /// The `x` with `self · x = right`, for a symmetric positive definite matrix `[n, n]` and
    /// `right [n, columns]`.
    ///
    /// - Throws: `TorchError` for a matrix that is not positive definite.
    public func positiveSolution(for right: Tensor) throws -> Tensor {
        try Operators.choleskySolve(.tensor(right), .tensor(Operators.cholesky(.tensor(self))))
    }

    /// Whether a symmetric matrix `[n, n]` is positive definite, as its Cholesky factorisation finds.
    public func isPositiveDefinite() throws -> Bool {
        let factorisation = try Operators.choleskyWithInfo.tensors(
            .tensor(self), .bool(false), .bool(false), capacity: 2)
        return try factorisation[1].item(Int.self) == 0
    }

    /// A view of the diagonal of a matrix `[n, n]`: `[n]`.
    public func diagonal() throws -> Tensor { try Operators.diagonal(.tensor(self)) }

    /// The matrix `[n, n]` with this vector `[n]` on its diagonal and zeros elsewhere.
    public func diagonalMatrix() throws -> Tensor { try Operators.diagonalMatrix(.tensor(self)) }
}
