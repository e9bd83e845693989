import Foundation
import Testing
import Torch

@testable import Conversion

@Suite struct EventFileTests {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// The same events as tools/goldens/tensorboard_events.py gives to tensorboard's own writer.
    static let golden: [(step: Int, content: TensorBoardEvent.Content)] = [
        (0, .fileVersion),
        (1, .values([.scalar(tag: "finetuning/loss", 0.75), .scalar(tag: "finetuning/budget", 0)])),
        (
            300,
            .values([
                .scalar(tag: "held_out/loss/β 0.25", -1e-3),
                .counts(tag: "choices/blocks.0.feedForward", [0, 7, 2, 0, 1000]),
            ])
        ),
        (1 << 40, .values([.scalar(tag: String(repeating: "x", count: 200), .infinity)])),
    ]

    @Test func bytesAreThoseOfTensorBoard() throws {
        let wanted = try Data(
            contentsOf: goldens.appendingPathComponent("tensorboard/events.out.tfevents.1700000000.golden"))
        let found = Self.golden.flatMap { step, content in
            TensorBoardEvent(wallTime: 1.7e9 + Double(step), step: step, content: content).record
        }
        #expect(Data(found) == wanted)
    }

    @Test func aFileGoesOnBehindWhatIsKnown() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let start = Date(timeIntervalSince1970: 1.7e9)
        var file: EventFile? = try EventFile(in: folder, at: start)
        let url = try #require(file?.url)
        #expect(url.lastPathComponent.hasPrefix("events.out.tfevents.1700000000."))
        try file?.append(Self.golden[1].content, step: 1, at: start)
        let known = try #require(file?.byteCount)
        let kept = try Data(contentsOf: url)
        #expect(kept.count == known)
        try file?.append(Self.golden[2].content, step: 2, at: start)
        file = nil
        // Cut off in the middle of a record, as a kill may.
        let torn = try Data(contentsOf: url).dropLast(3)
        try torn.write(to: url)
        let again = try #require(try EventFile(goingOnWith: url, byteCount: known))
        #expect(try Data(contentsOf: url) == kept)
        try again.append(Self.golden[3].content, step: 3, at: start)
        #expect(try Data(contentsOf: url).count == again.byteCount)
        #expect(try EventFile(goingOnWith: url, byteCount: again.byteCount + 1) == nil)
        #expect(
            try EventFile(goingOnWith: folder.appendingPathComponent("missing"), byteCount: 0) == nil)
    }

    @Test func aNewRunReplacesTheEventsOfTheOneBefore() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try EventFile(in: folder, at: Date(timeIntervalSince1970: 1))
        try Data().write(to: folder.appendingPathComponent("other"))
        let second = try EventFile(in: folder, at: Date(timeIntervalSince1970: 2))
        #expect(try EventFile.names(in: folder) == [second.url.lastPathComponent])
        #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("other").path))
    }

    @Test func aFolderThatIsMissingIsAnError() {
        #expect(throws: (any Error).self) {
            try EventFile(in: folder.appendingPathComponent("missing"))
        }
    }
}
