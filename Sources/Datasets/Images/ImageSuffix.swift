/// Which files are images, by the end of their names.
enum ImageSuffix {
    /// Those that decoders of this project read, and kinds that they refuse: a picture that cannot be
    /// read is told, not passed over.
    private static let all: Set<String> = [
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "avif",
        "heic", "jp2", "jxl",
    ]

    static func matches(_ name: String) -> Bool {
        name.split(separator: ".").last.map { all.contains($0.lowercased()) } ?? false
            && name.contains(".")
    }
}
