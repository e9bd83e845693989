private enum Operators {
    static let eigenvalues = Operator("aten::linalg_eigh")
    static let singularValues = Operator("aten::linalg_svd")
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
}
