/// How far a fetch has come.
public struct FetchProgress: Equatable, Sendable {
    /// Bytes of the files to fetch that are there, those of earlier attempts included.
    public internal(set) var byteCount = 0
    /// Bytes of all files to fetch, as far as the server tells sizes.
    public internal(set) var totalByteCount = 0
    /// A file that another process is fetching, if that is being waited for.
    public internal(set) var awaitedFile: String?
}
