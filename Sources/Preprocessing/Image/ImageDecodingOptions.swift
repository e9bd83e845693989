/// What ``ImageDecoder`` accepts, and how it decodes.
public struct ImageDecodingOptions: Sendable, Equatable {
    /// The most pixels that an image may have; its header is asked, before memory is set aside.
    /// Pillow's limit unless told.
    public var pixelLimit: Int
    /// The most bytes that an image file may have.
    public var byteLimit: Int
    /// Whether an image is turned upright as its Exif data say.
    public var appliesOrientation: Bool
    /// If set, a JPEG may be decoded at a half, a quarter or an eighth of its size, as long as neither
    /// side gets shorter than this. Faster, but the pixels after resizing differ a little.
    public var shortestSide: Int?

    public init(
        pixelLimit: Int = 178_956_970, byteLimit: Int = 1 << 30, appliesOrientation: Bool = true,
        shortestSide: Int? = nil
    ) {
        self.pixelLimit = pixelLimit
        self.byteLimit = byteLimit
        self.appliesOrientation = appliesOrientation
        self.shortestSide = shortestSide
    }

    /// The largest of 1, 2, 4, 8 by which an image of this size may be divided.
    func reduction(_ size: () throws -> (height: Int, width: Int)) rethrows -> Int {
        guard let shortestSide else { return 1 }
        let (height, width) = try size()
        return [8, 4, 2].first { min(height, width) / $0 >= max(shortestSide, 1) } ?? 1
    }
}
