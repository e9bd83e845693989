import Torch

extension Tensor {
    /// A symmetric matrix `[n, n]` with a share of positive numbers added to its diagonal: the given share, or that
    /// times the least power of ten with which the matrix is positive definite; at the first of 1 or more it is not looked at.
    ///
    /// What products in float32 lose of a covariance is mostly far less than any share. Of data that vary in few ways,
    /// such as silence, it may be more.
    ///
    /// - Parameters:
    ///   - diagonal: what is added, `[n]`.
    ///   - share: of `diagonal`, at first.
    func positiveDefinite(adding diagonal: Tensor, share: Double) throws -> Tensor {
        var share = share
        var matrix = try self + (diagonal * share).diagonalMatrix()
        while share < 1, try !matrix.isPositiveDefinite() {
            share *= 10
            matrix = try self + (diagonal * share).diagonalMatrix()
        }
        return matrix
    }
}
