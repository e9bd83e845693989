import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch

/// `acm corrupt`.
@Suite struct CorruptTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for name in ["ant", "bee"] {
            let url = folder["clean/\(name)"]
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            try ImageEncoder.png(.full([3, 60, 50], 90, .uint8)).write(
                to: url.appendingPathComponent("1.png"))
        }
    }

    @Test func writesTheLayoutOfImageNetC() throws {
        let ending = try acm(
            "corrupt", "clean", "--corruptions", "fog,pixelate", "--severities", "1,3", "--output", "out",
            "--size", "48", "--format", "png", in: folder)
        ending.succeeds()
        #expect(ending.output.split(separator: "\n").count == 2)
        #expect(ending.output.contains("pixelate") && ending.output.contains("ms an image"))
        for place in ["fog/1", "fog/3", "pixelate/1", "pixelate/3"] {
            #expect(try ImageDecoder.decode(folder["out/\(place)/bee/1.png"]).shape == [3, 48, 48])
        }
    }

    @Test(arguments: [
        (["--corruptions", "rain"], "found \"rain\""), (["--corruptions", "fog,fog"], "each once"),
        (["--severities", "0,3"], "found \"0,3\""), (["--severities", ""], "--severities is empty"),
        (["--severities", "1,,3"], "some of 1 to 5"), (["--output", "clean/more"], "outside of the images"),
        (["--output", "clean/../clean"], "outside of the images"),
        (["--size", "31"], "found 31"), (["--device", "tpu"], "found \"tpu\""),
    ]) func wrongUsageIsRefused(options: [String], message: String) throws {
        let ending = try Program(["corrupt", "clean", "--output", "out"] + options, in: folder).wait()
        #expect(ending.status == 64 && ending.errors.contains(message), "\(ending.errors)")
    }

    @Test func missingAndDamagedImagesAreTold() throws {
        #expect(try acm("corrupt", "nowhere", "--output", "out", in: folder).status == 66)
        try Data([0, 1, 2]).write(to: folder["clean/ant/2.png"])
        let arguments = [
            "corrupt", "clean", "--corruptions", "contrast", "--severities", "1", "--output", "out",
        ]
        let refused = try Program(arguments, in: folder).wait()
        #expect(refused.status == 65 && refused.errors.contains("clean/ant/2.png"))
        let skipped = try Program(arguments + ["--skip-bad"], in: folder).wait()
        skipped.succeeds()
        #expect(skipped.errors.contains("Left out 1") && skipped.errors.contains("clean/ant/2.png"))
    }
}
