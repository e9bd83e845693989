import Foundation
import Testing
import Torch

@testable import Preprocessing

/// Against Pillow's pixels of the same files.
@Suite struct ImageDecoderTests {
    static let names = Goldens.names(Goldens.images)

    @Test func everyKindGivesPillowsPixels() throws {
        let wanted = try Goldens.tensors(Goldens.images.appendingPathComponent("pixels.safetensors"))
        #expect(wanted.count == Self.names.count - 1 && wanted.count >= 60)
        for (name, pixels) in wanted {
            let found = try ImageDecoder.decode(Goldens.images.appendingPathComponent(name))
            #expect(found.dataType == .uint8)
            #expect(try largestDifference(found, pixels) == 0, "\(name)")
        }
    }

    @Test func bytesGiveWhatTheirFileGives() throws {
        let name = "exif_6.jpg"
        let file = try ImageDecoder.decode(Goldens.images.appendingPathComponent(name))
        let bytes = try Goldens.bytes(Goldens.images, name)
        #expect(try largestDifference(ImageDecoder.decode(bytes, name: name), file) == 0)
        #expect(try largestDifference(ImageDecoder.decode(Data(bytes), name: name), file) == 0)
    }

    @Test func orientationCanBeLeftAsStored() throws {
        let name = "exif_6.jpg"
        let file = Goldens.images.appendingPathComponent(name)
        var options = ImageDecodingOptions()
        options.appliesOrientation = false
        #expect(try ImageDecoder.decode(file, options: options).shape == [3, 17, 25])
        #expect(try ImageDecoder.decode(file).shape == [3, 25, 17])
    }

    @Test(arguments: names) func everyTruncatedFileIsRefused(name: String) throws {
        let bytes = try Goldens.bytes(Goldens.images, name)
        let whole = name == "trailing.jpg" ? bytes.count - "more bytes".utf8.count : bytes.count
        for length in cuts(of: whole) {
            let text = try message { _ = try ImageDecoder.decode(bytes[..<length], name: "cut/\(name)") }
            #expect(text.contains("cut/\(name)"), "\(length)")
        }
    }

    /// Whatever the bytes, the answer is an image or an error about the file.
    @Test(arguments: names) func damagedFilesDoNoHarm(name: String) throws {
        let bytes = try Goldens.bytes(Goldens.images, name)
        var random = SeededGenerator(7)
        for _ in 0..<40 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            do {
                let options = ImageDecodingOptions(pixelLimit: 1_000_000)
                let image = try ImageDecoder.decode(damaged, name: name, options: options)
                #expect(image.shape[0] == 3)
            } catch let error as PreprocessingError {
                #expect(error.localizedDescription.contains(name))
            }
        }
    }

    @Test func damageWithinAJPEGIsRefused() throws {
        var bytes = try Goldens.bytes(Goldens.images, "photograph.jpg")
        for index in bytes.count / 2..<bytes.count / 2 + 40 { bytes[index] = 0xFF }
        let text = try message { _ = try ImageDecoder.decode(bytes, name: "a.jpg") }
        #expect(text.contains("whole and undamaged") && text.contains("libjpeg") && text.contains("a.jpg"))
    }

    /// 31,700 x 31,700 pixels: the header is enough to refuse them.
    @Test(arguments: ["huge.jpg", "huge.png", "huge.webp"]) func hugeImagesAreRefused(name: String) throws {
        let file = Goldens.refusedImages.appendingPathComponent(name)
        let text = try message { _ = try ImageDecoder.decode(file) }
        #expect(text.contains("at most 178956970 pixels, found 31700 x 31700 pixels"))
        #expect(text.contains(name))
    }

    @Test func theLimitsAreTheCallers() throws {
        let file = Goldens.images.appendingPathComponent("grey.jpg")  // 25 x 17
        #expect(try ImageDecoder.decode(file, options: .init(pixelLimit: 425)).shape == [3, 17, 25])
        #expect(
            try message { _ = try ImageDecoder.decode(file, options: .init(pixelLimit: 424)) }
                .contains("at most 424 pixels, found 25 x 17"))
        #expect(
            try message { _ = try ImageDecoder.decode(file, options: .init(byteLimit: 100)) }
                .contains("at most 100 bytes"))
    }

    @Test(arguments: [("small.gif", "a GIF"), ("small.bmp", "a BMP"), ("small.tiff", "a TIFF")])
    func otherFormatsAreNamed(name: String, found: String) throws {
        let file = Goldens.refusedImages.appendingPathComponent(name)
        let text = try message { _ = try ImageDecoder.decode(file) }
        #expect(text.contains("expected a JPEG, PNG or WebP image, found \(found)"))
    }

    @Test func whatIsNoFileIsRefused() throws {
        #expect(throws: FileError.self) { try ImageDecoder.decode(URL(fileURLWithPath: "/nowhere/a.jpg")) }
        #expect(throws: FileError.self) { try ImageDecoder.decode(Goldens.images) }
        #expect(try message { _ = try ImageDecoder.decode(Data(), name: "e") }.contains("no bytes at all"))
    }

    /// A JPEG at a part of its size; its sides rounded up.
    @Test func aShortestSideReducesJPEGsOnly() throws {
        let photograph = Goldens.images.appendingPathComponent("photograph.jpg")  // 240 x 180
        for (side, shape) in [
            (181, [3, 180, 240]), (90, [3, 90, 120]), (23, [3, 45, 60]), (22, [3, 23, 30]),
        ] {
            let small = try ImageDecoder.decode(photograph, options: .init(shortestSide: side))
            #expect(small.shape == shape, "\(side)")
        }
        let half = try ImageDecoder.decode(photograph, options: .init(shortestSide: 90)).to(nil, .float32)
        let whole = try ImageDecoder.decode(photograph)
        let resized = try whole.resized(height: 90, width: 120, by: .bilinear).to(nil, .float32)
        #expect(try (half - resized).absolute().mean().item(Double.self) < 4)
        let png = Goldens.images.appendingPathComponent("rgb_8.png")
        #expect(try ImageDecoder.decode(png, options: .init(shortestSide: 1)).shape == [3, 9, 13])
    }

    @Test func manyThreadsDecodeAtOnce() async throws {
        let names = Self.names
        let pixels = Goldens.images.appendingPathComponent("pixels.safetensors")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let wanted = try Goldens.tensors(pixels)
                    for name in names where name != "photograph.jpg" {
                        let found = try ImageDecoder.decode(Goldens.images.appendingPathComponent(name))
                        #expect(try largestDifference(found, #require(wanted[name])) == 0)
                        #expect(throws: PreprocessingError.self) {
                            try ImageDecoder.decode([1, 2, 3], name: "x")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// SplitMix64: the same numbers every time.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
