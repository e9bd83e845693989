import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Datasets

@Suite struct DatasetFolderTests {
    let model: TemporaryFolder
    let data: TemporaryFolder

    init() throws {
        model = try TemporaryFolder(TemporaryFolder.letterTokenizer)
        try model.add("config.json", Data(#"{"architectures": ["BertModel"]}"#.utf8))
        data = try TemporaryFolder([
            "lines.txt": "a b\n", "table.tsv": "text\tlabel\na\tx\nb\ty\n", "x.csv": "",
        ])
    }

    func open(_ name: String, maximumLength: Int = 128) throws -> any Dataset {
        try DatasetFolder.open(
            data.url.appendingPathComponent(name), modelFolder: model.url, maximumLength: maximumLength)
    }

    func classifier(_ more: String = "") throws {
        try model.add(
            "config.json", Data(#"{"architectures": ["BertForSequenceClassification"]\#(more)}"#.utf8))
    }

    @Test func kindsAreToldByTheirSuffix() throws {
        #expect(try open("lines.txt").count == 1)
        #expect(try open("table.tsv").classNames == ["x", "y"])
        #expect(try open("table.tsv", maximumLength: 2).lengths == [2, 2])
        #expect(throws: DatasetError.unknownKind(file: data.url.appendingPathComponent("x.csv").relativePath))
        {
            try open("x.csv")
        }
        for name in ["none.csv", "none.tsv", "none.txt", "none.safetensors"] {
            #expect(throws: FileError.self, "\(name)") { try open(name) }
        }
    }

    @Test func imagesAreNormalisedAsTheModelSays() throws {
        try model.add("config.json", Data(#"{"architectures": ["ViTModel"]}"#.utf8))
        try SafetensorsWriter.write(
            [("images", .zeros([1, 3, 1, 1], .uint8))], to: data["images.safetensors"])
        func pixels() throws -> [Double] {
            try open("images.safetensors").batch([0]).inputs.required("pixel_values").array()
        }
        #expect(try pixels() == [-1, -1, -1])
        try model.add(
            "preprocessor_config.json", Data(#"{"image_mean": [0.5, 1, 2], "image_std": [1, 2, 0.5]}"#.utf8))
        #expect(try pixels() == [-0.5, -0.5, -4])
        try model.add("preprocessor_config.json", Data(#"{"image_mean": "x"}"#.utf8))
        #expect(throws: JSONError.self) { try pixels() }
    }

    @Test func labelsCountInTheClassesOfAClassifier() throws {
        try classifier(#", "id2label": {"0": "y", "1": "z", "2": "x"}"#)
        let texts = try open("table.tsv")
        #expect(texts.classNames == ["y", "z", "x"])
        #expect(try #require(texts.batch([0, 1]).labels).array(of: Int.self) == [2, 0])
        try classifier(#", "id2label": {"0": "LABEL_0", "1": "LABEL_1"}"#)
        #expect(throws: DatasetError.self) { try open("table.tsv") }
        try data.add("table.tsv", Data("text\tlabel\na\t1\n".utf8))
        #expect(try #require(open("table.tsv").batch([0]).labels).array(of: Int.self) == [1])
    }

    @Test func imagesOfMoreClassesThanTheModelHasAreRefused() throws {
        func configure(_ name: String, _ more: String = "") throws {
            try model.add("config.json", Data(#"{"architectures": ["\#(name)"]\#(more)}"#.utf8))
        }
        try configure("ViTModel")
        try SafetensorsWriter.write(
            [("images", .zeros([2, 3, 1, 1], .uint8)), ("labels", Tensor([0, 2]))],
            to: data["images.safetensors"])
        #expect(try open("images.safetensors").classNames?.count == 3)
        try configure("ViTForImageClassification")  // two classes, as in transformers
        #expect(throws: DatasetError.self) { try open("images.safetensors") }
        try configure("ViTForImageClassification", #", "num_labels": 5"#)
        #expect(try open("images.safetensors").classNames?.count == 5)
    }
}
