import Foundation
import Testing
import Torch

@testable import Preprocessing

/// Against libsndfile and, for G.722, an independent decoder.
@Suite struct AudioDecoderTests {
    static let names = Goldens.names(Goldens.audio)
    static let rates = [
        "u8.wav": 8000, "s16_stereo.wav": 44_100, "s24_stereo.wav": 48_000, "s32.wav": 22_050,
        "float_stereo.wav": 11_025, "alaw.wav": 8000, "ulaw_stereo.wav": 8000, "s16_stereo.flac": 44_100,
        "s24.flac": 48_000, "vorbis_stereo.ogg": 44_100, "opus_stereo.ogg": 48_000, "stereo.mp3": 44_100,
        "mono_48.mp3": 48_000,
    ]

    @Test func everyKindGivesTheSamplesOfOtherDecoders() throws {
        let wanted = try Goldens.tensors(Goldens.audio.appendingPathComponent("samples.safetensors"))
        #expect(wanted.count == Self.names.count + 5 && Self.names.count >= 20)
        for (key, samples) in wanted {
            let name = String(key.prefix { $0 != "@" })
            let file = Goldens.audio.appendingPathComponent(name)
            let rate = key.hasSuffix("@16000") ? 16_000 : Self.rates[name] ?? 16_000
            let found = try AudioDecoder.decode(file, sampleRate: rate)
            #expect(found.dataType == .float32)
            // Lossy formats leave a decoder some freedom in rounding.
            #expect(try largestDifference(found, samples) < 3e-6, "\(key)")
            let bytes = try Data(contentsOf: file)
            let again = try AudioDecoder.decode(bytes, name: name, sampleRate: rate)
            #expect(try largestDifference(again, found) == 0)
        }
    }

    /// A tone stays that tone at another rate, and one that the rate cannot carry is gone.
    @Test(arguments: [8000, 11_025, 22_050, 44_100, 48_000]) func tonesSurviveResampling(rate: Int) throws {
        let frequency = 1000.0
        let tone = try AudioDecoder.decode(
            WaveFile(rate: rate) { sin(2 * .pi * frequency * $0) }.bytes, name: "a")
        let found = try tone.array(of: Double.self)
        #expect(abs(found.count - 16_000) <= 1)  // one second
        for (index, sample) in found.enumerated().dropFirst(800).dropLast(800) {
            let wanted = sin(2 * .pi * frequency * Double(index) / 16_000)
            #expect(abs(sample - wanted) < 2e-5)
            if abs(sample - wanted) >= 2e-5 { break }
        }
        guard rate > 20_000 else { return }
        let high = try AudioDecoder.decode(
            WaveFile(rate: rate) { sin(2 * .pi * 10_000 * $0) }.bytes, name: "a")
        #expect(try high.slice(800..<15_200, axis: 0).absolute().maximum().item(Double.self) < 2e-5)
    }

    /// A tone that rises from 100 Hz to 7 kHz keeps its course.
    @Test func aChirpKeepsItsCourse() throws {
        func chirp(_ time: Double) -> Double { 0.5 * sin(2 * .pi * (100 * time + 3450 * time * time)) }
        let found = try AudioDecoder.decode(WaveFile(rate: 44_100, chirp).bytes, name: "a").array(
            of: Double.self)
        let errors = found.enumerated().map { abs($1 - chirp(Double($0) / 16_000)) }
        #expect(try #require(errors.dropFirst(800).dropLast(800).max()) < 3e-4)
    }

    @Test func channelsAreAveraged() throws {
        let stereo = WaveFile(rate: 16_000, channels: 2) { $0 < 0.5 ? 0.25 : -0.5 }
        let found = try AudioDecoder.decode(stereo.bytes, name: "a").array(of: Float.self)
        // The second channel is the negative half of the first.
        #expect(
            found.prefix(4000).allSatisfy { $0 == 0.0625 } && found.suffix(4000).allSatisfy { $0 == -0.125 })
    }

    @Test(arguments: names.filter { !$0.hasSuffix(".g722") })
    func everyTruncatedFileIsRefused(name: String) throws {
        let bytes = try Goldens.bytes(Goldens.audio, name)
        for length in cuts(of: bytes.count) {
            let text = try message { _ = try AudioDecoder.decode(bytes[..<length], name: "cut/\(name)") }
            #expect(text.contains("cut/\(name)"), "\(length)")
        }
    }

    /// Whatever the bytes, the answer is audio or an error about the file.
    @Test(arguments: names) func damagedFilesDoNoHarm(name: String) throws {
        let bytes = try Goldens.bytes(Goldens.audio, name)
        var random = SeededGenerator(11)
        for _ in 0..<40 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            do {
                _ = try AudioDecoder.decode(damaged, name: name, maximumDuration: 60)
            } catch let error as PreprocessingError {
                #expect(error.localizedDescription.contains(name))
            }
        }
    }

    @Test(arguments: ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.g722"]) func emptyFilesAreRefused(name: String)
        throws
    {
        let folder = try TemporaryFolder([name: ""])
        let text = try message { _ = try AudioDecoder.decode(folder.url.appendingPathComponent(name)) }
        #expect(text.contains("no bytes at all") && text.contains(name))
    }

    @Test func aHeaderWithoutSamplesIsRefused() throws {
        let silent = WaveFile(rate: 16_000, seconds: 0) { _ in 0 }
        #expect(
            try message { _ = try AudioDecoder.decode(silent.bytes, name: "a.wav") }.contains("no samples"))
    }

    @Test func otherFilesAreRefused() throws {
        for bytes in [Array("#EXTM3U\nhttp://localhost/a.mp3\n".utf8), Array("ffconcat version 1.0\n".utf8)] {
            let text = try message { _ = try AudioDecoder.decode(bytes, name: "list.mp3") }
            #expect(text.contains("a WAV, FLAC, Ogg, MP3 or G.722 file") && text.contains("list.mp3"))
        }
        let image = Goldens.images.appendingPathComponent("grey.jpg")
        #expect(throws: PreprocessingError.self) { try AudioDecoder.decode(image) }
        #expect(throws: FileError.self) { try AudioDecoder.decode(URL(fileURLWithPath: "/nowhere/a.wav")) }
        #expect(throws: FileError.self) { try AudioDecoder.decode(Goldens.audio) }
    }

    @Test func longAudioIsRefused() throws {
        let second = WaveFile(rate: 8000) { sin($0) }.bytes
        #expect(try AudioDecoder.decode(second, name: "a", maximumDuration: 1).shape == [16_000])
        let text = try message { _ = try AudioDecoder.decode(second, name: "a", maximumDuration: 0.9) }
        #expect(text.contains("at most 0.9 s"))
        // G.722 promises nothing: it is stopped on the way.
        let long = [UInt8](repeating: 0, count: 80_000)
        #expect(
            try message { _ = try AudioDecoder.decode(long, name: "a.g722", maximumDuration: 2) }
                .contains("more than 2"))
    }

    @Test func badArgumentsAreRefused() throws {
        let second = WaveFile(rate: 8000) { sin($0) }.bytes
        for (rate, duration) in [(0, 1.0), (-1, 1), (1 << 40, 1), (16_000, 0), (16_000, .nan), (16_000, -1)] {
            #expect(throws: PreprocessingError.self) {
                try AudioDecoder.decode(second, name: "a", sampleRate: rate, maximumDuration: duration)
            }
        }
    }

    @Test func manyThreadsDecodeAtOnce() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let wanted = try Goldens.tensors(
                        Goldens.audio.appendingPathComponent("samples.safetensors"))
                    for name in ["stereo.mp3", "vorbis_stereo.ogg", "s16_stereo.wav", "opus_stereo.ogg"] {
                        let file = Goldens.audio.appendingPathComponent(name)
                        let found = try AudioDecoder.decode(file)
                        let samples = wanted["\(name)@16000"] ?? found
                        #expect(try largestDifference(found, samples) < 3e-6)
                        let text = try message { _ = try AudioDecoder.decode([1, 2, 3], name: name) }
                        #expect(text.contains(name))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// A WAV file of 32-bit floats; the second channel is the negative half of the first.
private struct WaveFile {
    var bytes: [UInt8] = []

    init(rate: Int, channels: Int = 1, seconds: Double = 1, _ amplitude: (Double) -> Double) {
        let count = Int(Double(rate) * seconds)
        func append<Number: FixedWidthInteger>(_ numbers: Number...) {
            for number in numbers {
                withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        let byteCount = count * channels * 4
        bytes += "RIFF".utf8
        append(UInt32(36 + byteCount))
        bytes += "WAVEfmt ".utf8
        append(UInt32(16))
        append(UInt16(3), UInt16(channels))
        append(UInt32(rate), UInt32(rate * channels * 4))
        append(UInt16(channels * 4), UInt16(32))
        bytes += "data".utf8
        append(UInt32(byteCount))
        for index in 0..<count {
            let value = Float(amplitude(Double(index) / Double(rate)))
            append(value.bitPattern)
            if channels == 2 { append((-value / 2).bitPattern) }
        }
    }
}
