import Foundation
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct TarShardsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func shards(
        _ archives: [[(name: String, content: Data)]], _ badSamples: BadSamples = BadSamples(),
        modelClasses: [String]? = nil
    ) throws -> TarShards {
        let urls = try archives.enumerated().map { try folder.add("s-\($0).tar", tarArchive($1)) }
        return try TarShards(urls, modelClasses: modelClasses, badSamples: badSamples)
    }

    func text(_ content: String) -> Data { Data(content.utf8) }

    @Test func membersOfOneKeyAreASample() throws {
        let found = try shards([
            [
                ("a/0.jpg", text("one")), ("a/0.cls", text("2\n")), ("a/1.cls", text("0")),
                ("a/1.jpg", text("two")),
            ],
            [("b.png", text("three")), ("b.json", text(#"{"label": 1, "caption": "a cat"}"#))],
        ])
        #expect(found.count == 3 && found.labels == [2, 0, 1] && found.classNames == ["0", "1", "2"])
        #expect(try (0..<3).map(found.read) == ["one", "two", "three"].map(text))
        #expect(found.place(of: 1).hasSuffix("s-0.tar, a/1"))
        #expect(found.texts == nil && !found.isAudio)
    }

    @Test func labelsMayBeNames() throws {
        let members = [
            ("0.jpg", text("x")), ("0.cls", text("dog")), ("1.jpg", text("y")), ("1.txt", text("cat")),
        ]
        let found = try shards([members])
        #expect(found.labels == [1, 0] && found.classNames == ["cat", "dog"])
        let model = try shards([members], modelClasses: ["dog", "fish", "cat"])
        #expect(model.labels == [0, 2] && model.classNames == ["dog", "fish", "cat"])
    }

    @Test func recordingsHaveTexts() throws {
        let found = try shards([
            [
                ("0.flac", text("x")), ("0.txt", text("hello there\n")), ("1.wav", text("yy")),
                ("1.json", text(#"{"sentence": "bye", "locale": "fr"}"#)),
            ]
        ])
        #expect(found.isAudio && found.labels == nil && found.texts == ["hello there", "bye"])
        #expect(found.byteCounts == [1, 2] && found.languages == [nil, "fr"])
        #expect(throws: DatasetError.self) { try shards([[("0.flac", text("x")), ("1.jpg", text("x"))]]) }
    }

    @Test func badSamplesAreNamedOrLeftOut() throws {
        let archives = [
            [
                ("good.jpg", text("x")), ("good.cls", text("0")), ("two.jpg", text("x")),
                ("two.png", text("x")),
                ("two.cls", text("0")), ("none.cls", text("1")), ("odd.jpg", text("x")),
                ("odd.cls", Data([0xFF])), ("bad.jpg", text("x")), ("bad.json", text("{")),
            ], [],
        ]
        let error = try #require(throws: DatasetError.self) { try shards(archives) }
        #expect(error.localizedDescription.contains("s-0.tar, two: has 2 files of image or audio"))
        let badSamples = BadSamples(areSkipped: true)
        #expect(try shards(archives, badSamples).count == 1)
        let found = badSamples.entries.map { $0.place.split(separator: "/").last.map(String.init) ?? "" }
        #expect(found == ["s-0.tar, bad", "s-0.tar, none", "s-0.tar, odd", "s-0.tar, two", "s-1.tar"])
        #expect(badSamples.entries.last?.reason == "has no samples")
    }

    @Test func aDamagedShardIsUsedAsFarAsItGoes() throws {
        let archive = tarArchive([("0.jpg", text("x")), ("0.cls", text("3")), ("1.jpg", Data(count: 2000))])
        let url = try folder.add("cut.tar", archive.prefix(3000))
        let error = try #require(throws: DatasetError.self) { try TarShards([url]) }
        #expect(error.localizedDescription.contains("cut.tar: the archive ends within \"1.jpg\""))
        let badSamples = BadSamples(areSkipped: true)
        #expect(try TarShards([url], badSamples: badSamples).labels == [3])
        #expect(badSamples.entries.count == 1)
    }

    @Test func labelsAreChecked() throws {
        let image = [("0.jpg", text("x")), ("0.cls", text("5"))]
        #expect(throws: DatasetError.self) { try shards([image], modelClasses: ["a", "b"]) }
        #expect(throws: DatasetError.self) { try shards([image + [("1.jpg", text("x"))]]) }
        #expect(throws: DatasetError.self) { try shards([[("0.jpg", text("x")), ("0.cls", text("-1"))]]) }
        #expect(throws: DatasetError.empty(file: folder["s-0.tar"].relativePath)) {
            try shards([[]], BadSamples(areSkipped: true))
        }
    }

    /// Every number once; neighbours in a shard stay near each other, shards come in any order.
    @Test func orderIsRandomWithinAWindow() {
        let ranges = [0..<100, 100..<250, 250..<300]
        func order(_ seed: UInt64, window: Int) -> [Int] {
            var generator = SplitMix64(seed: seed)
            return TarShards.order(ranges, window: window, &generator)
        }
        #expect(order(1, window: 20) == order(1, window: 20) && order(1, window: 20) != order(2, window: 20))
        #expect(order(1, window: 20).sorted() == Array(0..<300))
        // With a window of one the order within a shard is its own.
        let plain = order(3, window: 1)
        let wanted = ranges.map(Array.init)
        #expect(
            [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].contains { numbers in
                plain == numbers.flatMap { wanted[$0] }
            })
        // A sample can come at most a window before its place in the stream.
        let shuffled = order(3, window: 20)
        for (place, number) in shuffled.enumerated() {
            #expect((plain.firstIndex(of: number) ?? 0) <= place + 20)
        }
        #expect(Set((0..<20).map { order($0, window: 5)[0] / 50 }).count > 2)
    }

    @Test func onlySomeShardsAreOpenAtOnce() throws {
        let urls = try (0..<5).map { try folder.add("\($0).tar", Data("\($0)".utf8)) }
        let files = ShardFiles(urls, capacity: 2)
        for round in 0..<3 {
            for number in [0, 4, 2, 1, 3, (round + 1) % 5] {
                #expect(try files(number).contents() == Data("\(number)".utf8))
            }
        }
    }
}
