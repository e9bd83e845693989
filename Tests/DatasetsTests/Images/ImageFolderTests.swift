import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct ImageFolderTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for name in [
            "dog/b.JPEG", "dog/deep/a.png", "cat/x.jpg", "cat/notes.txt", "Zebra/z.webp", "cat/.hidden.jpg",
        ] {
            try folder.put("data/\(name)")
        }
    }

    func files(_ modelClasses: [String]? = nil, _ badSamples: BadSamples = BadSamples()) throws -> SampleFiles
    {
        try ImageFolder.files(folder["data"], modelClasses: modelClasses, badSamples: badSamples)
    }

    @Test func classesAreTheSortedFolders() throws {
        let found = try files()
        // Capital letters come first, as in the order of bytes.
        #expect(found.classNames == ["Zebra", "cat", "dog"])
        #expect(found.names == ["Zebra/z.webp", "cat/x.jpg", "dog/b.JPEG", "dog/deep/a.png"])
        #expect(found.labels == [0, 1, 2, 2])
        #expect(found.place(of: 1).hasSuffix("data/cat/x.jpg"))
    }

    @Test func aListDecides() throws {
        try folder.put("data/classes.txt", "dog\nmouse\ncat\nZebra\n")
        #expect(try files().labels == [3, 2, 0, 0])
        #expect(try files().classNames == ["dog", "mouse", "cat", "Zebra"])
        try folder.put("data/classes.txt", "dog\tKing\ncat\tQueen\nZebra\tStripes\n")
        #expect(try files().classNames == ["King", "Queen", "Stripes"])
        #expect(try files(["Stripes", "Queen", "x", "King"]).labels == [0, 1, 3, 3])
        try folder.put("data/classes.txt", "dog\ndog\n")
        #expect(throws: DatasetError.self) { try files() }
        try folder.put("data/classes.txt", "dog\ncat\n")
        #expect {
            try files()
        } throws: {
            $0.localizedDescription.hasSuffix("data/Zebra: is not in the list of classes.")
        }
        let badSamples = BadSamples(areSkipped: true)
        #expect(try files(nil, badSamples).labels == [1, 0, 0] && badSamples.entries.count == 1)
    }

    @Test func synsetMappingsAreFoundAbove() throws {
        try folder.put("LOC_synset_mapping.txt", "Zebra zebra, of Africa\ncat house cat\ndog hound\n")
        #expect(try files().classNames == ["zebra, of Africa", "house cat", "hound"])
        #expect(try files(["hound", "house cat", "zebra, of Africa"]).labels == [2, 1, 0, 0])
    }

    @Test func labelsCountInTheModelsClasses() throws {
        #expect(try files(["dog", "cat", "x", "Zebra"]).labels == [3, 1, 0, 0])
        #expect(try files(["a", "b", "c"]).labels == [0, 1, 2, 2])
        #expect {
            try files(["a", "b"])
        } throws: {
            $0.localizedDescription.contains("has 3 classes, the model has 2, and their names differ")
        }
    }

    @Test func imagesWithoutFoldersHaveNoClasses() throws {
        try folder.put("flat/b.png")
        try folder.put("flat/a.jpg")
        let found = try ImageFolder.files(folder["flat"])
        #expect(found.names == ["a.jpg", "b.png"] && found.labels == nil && found.classNames == nil)
        try folder.put("none/readme.md")
        #expect(throws: DatasetError.empty(file: folder["none"].relativePath)) {
            try ImageFolder.files(folder["none"])
        }
    }

    @Test func emptyClassesAndStrayImagesAreNamed() throws {
        try folder.put("data/empty/readme.txt")
        try folder.put("data/stray.jpg")
        #expect {
            try files()
        } throws: {
            $0.localizedDescription.hasSuffix(
                "stray.jpg: lies beside the folders of the classes, in none of them.")
        }
        let badSamples = BadSamples(areSkipped: true)
        let found = try files(nil, badSamples)
        // The class keeps its number.
        #expect(found.classNames == ["Zebra", "cat", "dog", "empty"] && found.labels == [0, 1, 2, 2])
        #expect(badSamples.entries.map(\.reason).contains("is a class without images"))
    }

    @Test func linksInACircleAreRefused() throws {
        try FileManager.default.createSymbolicLink(
            at: folder["data/cat/loop"], withDestinationURL: folder["data/cat"])
        #expect(throws: DatasetError.self) { try files() }
    }

    @Test func linksToFoldersAreFollowed() throws {
        try folder.put("elsewhere/q.png")
        try FileManager.default.createSymbolicLink(
            at: folder["data/bird"], withDestinationURL: folder["elsewhere"])
        #expect(try files().names.contains("bird/q.png"))
    }
}
