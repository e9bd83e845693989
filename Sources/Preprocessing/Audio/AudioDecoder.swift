import CACM
import Foundation
import Torch

/// Reads audio: WAV, FLAC, Ogg (Vorbis, Opus, FLAC), MP3, and G.722 by its extension `.g722`.
///
/// All channels are averaged; another sample rate is converted with a band-limited filter (soxr's HQ: pass
/// band to 91.3 % of the lower Nyquist frequency, 125 dB below). May be called from many threads at once.
public enum AudioDecoder {
    static let operation = "Decoding the audio"
    static let formats = "a WAV, FLAC, Ogg, MP3 or G.722 file"

    /// Reads an audio file.
    ///
    /// - Parameters:
    ///   - url: the file to read.
    ///   - sampleRate: samples a second that are wanted.
    ///   - maximumDuration: the most seconds that are accepted; it bounds the memory.
    /// - Returns: `[samples] float32`, in -1 ... 1 but for overshoots.
    /// - Throws: `FileError` if the file cannot be read, ``PreprocessingError`` if it holds no audio, is
    ///   damaged, cut short, empty or longer than allowed, or the media library is missing.
    public static func decode(
        _ url: URL, sampleRate: Int = 16_000, maximumDuration: Double = 3600
    ) throws -> Tensor {
        let file = try RegularFile(url)
        var source = acm_audio_source()
        source.count = Int64(file.byteCount)
        source.descriptor = file.descriptor
        source.is_g722 = url.pathExtension.lowercased() == "g722"
        let head = try file.read(0..<min(4, file.byteCount))
        let tail = try file.read(max(0, file.byteCount - OggStream.tailByteCount)..<file.byteCount)
        return try withExtendedLifetime(file) {
            try decode(source, head: head, tail: tail, file.path, sampleRate, maximumDuration)
        }
    }

    /// Reads audio from the bytes of its file.
    ///
    /// - Parameters:
    ///   - bytes: the file's content.
    ///   - name: the file's name: for messages, and for its extension.
    ///   - sampleRate: samples a second that are wanted.
    ///   - maximumDuration: the most seconds that are accepted.
    /// - Returns and throws: as ``decode(_:sampleRate:maximumDuration:)``.
    public static func decode(
        _ bytes: some ContiguousBytes, name: String, sampleRate: Int = 16_000,
        maximumDuration: Double = 3600
    ) throws -> Tensor {
        try bytes.withUnsafeBytes { memory in
            var source = acm_audio_source()
            // Without bytes there is no address, which would stand for a file.
            source.bytes = memory.bindMemory(to: UInt8.self).baseAddress
            source.count = source.bytes == nil ? 0 : Int64(memory.count)
            source.is_g722 = name.lowercased().hasSuffix(".g722")
            return try decode(
                source, head: Data(memory.prefix(4)), tail: Data(memory.suffix(OggStream.tailByteCount)),
                name, sampleRate, maximumDuration)
        }
    }

    private static func decode(
        _ source: acm_audio_source, head: Data, tail: Data, _ path: String, _ sampleRate: Int,
        _ maximumDuration: Double
    ) throws -> Tensor {
        try MediaLibrary.open(operation: operation)
        if head.elementsEqual(OggStream.capturePattern) {
            guard tail.withUnsafeBytes(OggStream.isWhole) else {
                throw PreprocessingError.invalidContents(
                    operation: operation, expected: "an Ogg file that ends with the last page of its stream",
                    found: "a file that ends too early", path: path)
            }
        }
        var source = source
        var samples: UnsafeMutablePointer<Float>?
        var count: Int64 = 0
        try checkMedia(
            acm_audio_decode(&source, Int32(clamping: sampleRate), maximumDuration, &samples, &count),
            operation: operation, formats: formats, limit: "at most \(maximumDuration) s of audio",
            path: path)
        return try Tensor(
            memory: samples, shape: [Int(count)], dataType: .float32, owner: MediaMemory(samples))
    }
}

/// Memory of the media library, given back with its last owner.
private final class MediaMemory {
    private let start: UnsafeMutableRawPointer?

    init(_ start: UnsafeMutablePointer<Float>?) {
        self.start = UnsafeMutableRawPointer(start)
    }

    deinit {
        acm_media_free(start)
    }
}
