import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct TextDatasetTests {
    func dataset(
        _ content: String, maximumLength: Int = 16, split: String? = nil, classNames: [String]? = nil
    ) throws -> TextDataset {
        let folder = try TemporaryFolder(
            TemporaryFolder.letterTokenizer.merging(["data.tsv": content]) { first, _ in first })
        return try TextDataset(
            TextTable(folder.url.appendingPathComponent("data.tsv"), split: split),
            tokenizer: WordPieceTokenizer(folder: folder.url), maximumLength: maximumLength,
            classNames: classNames, file: "data.tsv")
    }

    @Test func shorterTextsArePadded() throws {
        let data = try dataset("text\na b c\nd\n\ne f\n")
        #expect(data.count == 3 && data.lengths == [5, 3, 4])
        let batch = try data.batch([2, 0, 1])
        let ids = try batch.inputs.required("input_ids")
        let mask = try batch.inputs.required("attention_mask")
        #expect(ids.shape == [3, 5] && ids.dataType == .int64)
        #expect(try ids.array(of: Int.self) == [2, 8, 9, 3, 0, 2, 4, 5, 6, 3, 2, 7, 3, 0, 0])
        #expect(mask.shape == [3, 5])
        #expect(try mask.array(of: Int.self) == [1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0])
        #expect(batch.labels == nil && data.classNames == nil)
        #expect(try data.batch([1]).inputs.required("input_ids").shape == [1, 3])
    }

    @Test func longTextsAreCut() throws {
        let data = try dataset("text\na b c d e f\n", maximumLength: 4)
        #expect(data.lengths == [4])
        #expect(try data.batch([0]).inputs.required("input_ids").array(of: Int.self) == [2, 4, 5, 3])
    }

    @Test func labelsCountInTheClassesOfTheWholeTable() throws {
        let content = "text\tlabel\tsplit\na\tred\ttrain\nb\tblue\ttest\nc\tgreen\ttest\n"
        let data = try dataset(content, split: "test")
        #expect(data.classNames == ["blue", "green", "red"])
        #expect(try #require(data.batch([1, 0]).labels).array(of: Int.self) == [1, 0])
        #expect(try #require(dataset(content).batch([0]).labels).array(of: Int.self) == [2])
    }

    @Test func givenClassesDecideTheOrder() throws {
        let data = try dataset("text\tlabel\na\tred\nb\tblue\n", classNames: ["red", "green", "blue", "red"])
        #expect(try #require(data.batch([0, 1]).labels).array(of: Int.self) == [0, 2])
        #expect(data.classNames == ["red", "green", "blue", "red"])
    }

    @Test func unknownLabelsAreRefused() throws {
        let error = #expect(throws: DatasetError.self) {
            try dataset("text\tlabel\na\tred\nb\tblue\n", classNames: ["red", "green"])
        }
        #expect(
            error?.localizedDescription
                == "data.tsv: the label \"blue\" of sample 1 is not among the 2 classes: red, green.")
    }
}
