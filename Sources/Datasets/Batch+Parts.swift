extension Batch {
    public var sampleCount: Int { inputs.sampleCount }

    /// The batch in parts of `size` samples, the last perhaps smaller; itself for 0 or where it fits.
    ///
    /// Parts keep the width that the whole was padded to, so that they compute the same.
    public func parts(of size: Int) throws -> [Batch] {
        let count = sampleCount
        guard size > 0, size < count else { return [self] }
        return try stride(from: 0, to: count, by: size).map { start in
            let range = start..<min(start + size, count)
            var part = self
            part.inputs.tensors = try inputs.tensors.mapValues { try $0.slice(range, axis: 0) }
            part.labels = try labels?.slice(range, axis: 0)
            part.indices = indices.count == count ? Array(indices[range]) : []
            return part
        }
    }
}
