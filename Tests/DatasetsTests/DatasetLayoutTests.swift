import Foundation
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct DatasetLayoutTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func layout(_ name: String, split: String? = nil) throws -> DatasetLayout {
        try DatasetLayout(folder[name], split: split)
    }

    func put(_ names: String...) throws { for name in names { try folder.put(name) } }

    /// Of a layout with one folder.
    func place(_ layout: DatasetLayout) -> String? {
        switch layout {
        case .imageFolder(let url), .imageNetValidation(let url), .corruptedImages(let url): path(url)
        default: nil
        }
    }

    func path(_ url: URL) -> String { String(url.path.dropFirst(folder.url.path.count + 1)) }

    @Test func filesAreToldByTheirSuffix() throws {
        try put("a.txt", "b.tsv", "c.safetensors", "d.tar", "e.JPG", "f.flac", "g.csv")
        #expect(try layout("a.txt") == .text(folder["a.txt"]))
        #expect(try layout("b.tsv") == .text(folder["b.tsv"]))
        #expect(try layout("c.safetensors") == .packedImages(folder["c.safetensors"]))
        #expect(try layout("d.tar") == .shards([folder["d.tar"]]))
        #expect(try layout("e.JPG") == .image(folder["e.JPG"]))
        #expect(
            try layout("f.flac") == .audio(folder["f.flac"].deletingLastPathComponent(), names: ["f.flac"]))
        let error = try #require(throws: DatasetError.self) { try layout("g.csv") }
        #expect(error == .unknownKind(file: folder["g.csv"].relativePath))
        #expect(error.localizedDescription.contains("looked for a .tsv or .txt"))
        #expect(throws: FileError.notFound(operation: "read", path: folder["none"].relativePath)) {
            try layout("none")
        }
    }

    @Test func shards() throws {
        try put("s/train-0.tar", "s/train-1.tar", "s/val-0.tar", "plain/b.tar", "plain/a.tar")
        func names(_ layout: DatasetLayout) -> [String]? {
            if case .shards(let urls) = layout { urls.map(\.lastPathComponent) } else { nil }
        }
        #expect(try names(layout("s", split: "train")) == ["train-0.tar", "train-1.tar"])
        #expect(try names(layout("s", split: "test")) == ["val-0.tar"])
        #expect(try names(layout("s")) == ["train-0.tar", "train-1.tar", "val-0.tar"])
        #expect(try names(layout("plain", split: "train")) == ["a.tar", "b.tar"])
        #expect(try names(layout("s/train-{0..1}.tar")) == ["train-0.tar", "train-1.tar"])
        #expect(throws: DatasetError.self) { try layout("s/train-{0..1}.zip") }
    }

    @Test func classFolders() throws {
        try put("flat/cat/a.jpg", "flat/dog/b.jpg", "deep/cat/inner/a.jpg", "loose/a.png", "nothing/x/y.md")
        #expect(try place(layout("flat", split: "train")) == "flat")
        #expect(try place(layout("deep")) == "deep")
        #expect(try place(layout("loose")) == "loose")
        #expect(throws: DatasetError.unknownKind(file: folder["nothing"].relativePath)) {
            try layout("nothing")
        }
    }

    @Test func partsOfClassFolders() throws {
        try put(
            "in/train/n01/a.JPEG", "in/val/n01/b.JPEG", "in/devkit/readme.txt", "three/train/a/x.png",
            "three/test/a/y.png")
        #expect(try place(layout("in", split: "train")) == "in/train")
        #expect(try place(layout("in", split: "test")) == "in/val")
        #expect(try place(layout("in", split: "validation")) == "in/val")
        #expect(try place(layout("in")) == "in/train")
        #expect(try place(layout("three", split: "test")) == "three/test")
        #expect(throws: DatasetError.self) { try layout("in", split: "extra") }
    }

    @Test func imageNetAsItComes() throws {
        try put(
            "k/LOC_val_solution.csv", "k/ILSVRC/Data/CLS-LOC/train/n01/n01_1.JPEG",
            "k/ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_00000001.JPEG")
        #expect(try place(layout("k", split: "train")) == "k/ILSVRC/Data/CLS-LOC/train")
        let validation = try layout("k", split: "val")
        #expect(place(validation) == "k/ILSVRC/Data/CLS-LOC/val")
        if case .imageNetValidation = validation {} else { Issue.record("\(validation)") }
        if case .imageNetValidation = try layout("k/ILSVRC/Data/CLS-LOC/val") {
        } else {
            Issue.record("not told")
        }
    }

    @Test func corruptions() throws {
        try put(
            "c/gaussian_noise/1/n01/a.JPEG", "c/gaussian_noise/5/n01/a.JPEG", "c/fog/3/n01/a.JPEG",
            "g/blur/defocus_blur/2/n01/a.JPEG", "g/noise/shot_noise/1/n02/a.JPEG", "digits/0/a.png",
            "digits/1/b.png")
        #expect(try place(layout("c", split: "gaussian_noise/5")) == "c/gaussian_noise/5")
        #expect(try place(layout("g", split: "defocus_blur/2")) == "g/blur/defocus_blur/2")
        #expect(try place(layout("c/fog/3")) == "c/fog/3")
        #expect {
            try layout("c", split: "fog/4")
        } throws: {
            $0.localizedDescription.contains(
                "has no split \"fog/4\": found fog/3, gaussian_noise/1, gaussian_noise/5.")
        }
        #expect(throws: DatasetError.self) { try layout("c") }
        #expect(try CorruptedImages(folder["g"])?.splits() == ["defocus_blur/2", "shot_noise/1"])
        #expect(try place(layout("digits")) == "digits")
    }

    @Test func commonVoice() throws {
        try put("cv/train.tsv", "cv/clips/a.mp3", "sounds/a.wav", "sounds/b.ogg")
        #expect(try layout("cv", split: "dev") == .commonVoice(folder["cv"], split: "dev"))
        #expect(try layout("sounds") == .audio(folder["sounds"], names: ["a.wav", "b.ogg"]))
    }
}
