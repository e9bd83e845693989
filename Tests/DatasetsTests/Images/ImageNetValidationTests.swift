import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct ImageNetValidationTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for number in 1...4 { try folder.put("val/ILSVRC2012_val_0000000\(number).JPEG") }
    }

    func files(_ modelClasses: [String]? = nil) throws -> SampleFiles {
        try ImageNetValidation.files(folder["val"], modelClasses: modelClasses)
    }

    func refusal(_ modelClasses: [String]? = nil) throws -> String {
        try #require(throws: DatasetError.self) { try files(modelClasses) }.localizedDescription
    }

    @Test func solutions() throws {
        try folder.put(
            "LOC_val_solution.csv",
            """
            ImageId,PredictionString
            ILSVRC2012_val_00000003,n03 1 2 3 4 n03 5 6 7 8
            ILSVRC2012_val_00000001,n02 1 2 3 4\u{20}
            ILSVRC2012_val_00000004,n01 1 2 3 4
            ILSVRC2012_val_00000002,n02 1 2 3 4
            """)
        #expect(try files().labels == [1, 1, 2, 0] && files().classNames == ["n01", "n02", "n03"])
        #expect(try files(["tench", "goldfish", "shark"]).labels == [1, 1, 2, 0])
        try folder.put("LOC_synset_mapping.txt", "n01 tench\nn02 goldfish\nn03 shark\n")
        #expect(try files(["shark", "tench", "goldfish"]).labels == [2, 2, 0, 1])
        try folder.put("val/ILSVRC2012_val_00000005.JPEG")
        #expect(try refusal().contains("has no label for ILSVRC2012_val_00000005.JPEG"))
        try folder.put("LOC_val_solution.csv", "ImageId,PredictionString\nnothing\n")
        #expect(try refusal().contains("line 2: expected an image and its label"))
    }

    @Test func synsetsByLine() throws {
        let name = "imagenet_2012_validation_synset_labels.txt"
        try folder.put(name, "n02\nn01\nn02\nn02\n")
        #expect(try files().labels == [1, 0, 1, 1])
        try folder.put(name, "n02\nn01\n")
        #expect(try refusal().contains("\(name): has 2 labels, the folder has 4 images"))
    }

    @Test func numbersByFile() throws {
        let lines = (1...4).map { "ILSVRC2012_val_0000000\($0).JPEG \($0 * 100)\n" }
        try folder.put("val/val.txt", lines.joined())
        #expect(try files().labels == [100, 200, 300, 400] && files().classNames?.count == 1000)
        #expect(try refusal(["a", "b"]).contains("the label 100, which must lie in 0...1"))
    }

    @Test func theDevelopmentKitsGroundTruthNeedsItsOrder() throws {
        let kit = "ILSVRC2012_devkit_t12/data"
        try folder.put("\(kit)/ILSVRC2012_validation_ground_truth.txt", "3\n1\n2\n3\n")
        #expect(try refusal().contains("write the synsets of meta.mat in that order to"))
        try folder.put("\(kit)/synsets.txt", "n09\nn01\nn05 a name\n")
        #expect(try files().labels == [1, 2, 0, 1] && files().classNames == ["n01", "n05", "n09"])
        try folder.put("\(kit)/ILSVRC2012_validation_ground_truth.txt", "3\n1\n4\n3\n")
        #expect(try refusal().contains("line 3: expected a number in 1...3, found \"4\""))
        try folder.put("\(kit)/synsets.txt", (1000..<2000).map { "n\($0)\n" }.joined())
        #expect(try refusal().contains("has the synsets sorted by name"))
    }

    @Test func labelsThatAreMissing() throws {
        #expect(try refusal().contains("has no labels: looked for LOC_val_solution.csv"))
    }
}
