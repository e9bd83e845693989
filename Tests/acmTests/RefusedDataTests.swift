import Foundation
import TestSupport
import Testing
import Torch

/// Inputs and training data that are missing (66) or wrong (65).
@Suite struct RefusedDataTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(textModel: "bert")
    }

    func run(_ inputs: [(name: String, tensor: Tensor)], model: String = "model") throws -> Program.Ending {
        try SafetensorsWriter.write(inputs, to: folder["in.safetensors"])
        let ending = try acm(
            "run", model, "--input", "in.safetensors", "--output", "out.safetensors", in: folder)
        #expect(!FileManager.default.fileExists(atPath: folder["out.safetensors"].path))
        return ending
    }

    func ids(_ values: [Int]) throws -> Tensor { try Tensor(values, shape: [1, values.count]) }

    @Test func inputsThatAreMissing() throws {
        try acm("run", "model", "--input", "none.safetensors", "--output", "out", in: folder)
            .refuses(66, "none.safetensors")
        try run([("attention_mask", ids([1]))]).refuses(65, "needs the input \"input_ids\"", "attention_mask")
    }

    @Test func tokensThatTheModelDoesNotKnow() throws {
        try run([("input_ids", ids([1, 101]))]).refuses(65, "input_ids must lie in 0...100, found 1...101")
        try run([("input_ids", ids([-1, 5]))]).refuses(65, "found -1...5")
        try run([("input_ids", ids(Array(repeating: 1, count: 14)))]).refuses(65, "14 tokens", "1 to 13")
    }

    @Test func inputsOfWrongShapesAndTypes() throws {
        try run([("input_ids", Tensor([1, 2]))]).refuses(65, "[batch, tokens], found int64 [2]")
        try run([("input_ids", ids([1, 2])), ("attention_mask", ids([1]))]).refuses(65, "shape of input_ids")
        try run([("pixel_values", .zeros([1, 3, 24, 25]))], model: Goldens.path("vit")).refuses(
            65, "[3, 24, 24] after the batch, found float32 [1, 3, 24, 25]")
    }

    @Test func inputsOfATypeThatTensorsDoNotHold() throws {
        let header = #"{"input_ids":{"dtype":"U32","shape":[1,1],"data_offsets":[0,4]}}"#
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
        try folder.add("in.safetensors", length + Data(header.utf8) + Data(count: 4))
        try acm("run", "model", "--input", "in.safetensors", "--output", "out", in: folder)
            .refuses(65, "\"input_ids\" must have one of the types", "found U32")
    }

    func convert(_ data: String, _ more: [String] = []) throws -> Program.Ending {
        let ending = try Program(
            ["convert", "model", "--data", data, "--output", "out"] + shortConversion() + more, in: folder
        ).wait()
        #expect(!FileManager.default.fileExists(atPath: folder["out"].path), "an empty folder is left")
        return ending
    }

    @Test(
        arguments: [
            ("", "line 1: the header must have a column \"text\""),
            (
                "texts\tsplit\na\ttrain\n",
                "line 1: the header must have a column \"text\", found [\"texts\", \"split\"]"
            ),
            ("text\tsplit\na\ttrain\nb\n", "line 3: expected 2 columns, found 1"),
            ("text\na\n", "line 1: the header has no column \"split\""),
            ("text\tsplit\n", "has no samples"),
            ("text\tsplit\tsplit\na\ttest\ttrain\n", "line 1: the header must have each column once"),
            ("text\tsplit\na\ttest\n", "has no split \"train\": found test"),
        ]) func tables(content: String, part: String) throws
    {
        try folder.add("texts.tsv", Data(content.utf8))
        try convert("texts.tsv").refuses(65, "texts.tsv", part)
    }

    @Test func dataThatIsMissingOrOfNoKnownKind() throws {
        try convert("none.tsv").refuses(66, "none.tsv")
        try convert("none").refuses(66, "none")
        try convert("model").refuses(65, "model is not a known dataset")
        try folder.add("texts.tsv", Data([0x74, 0xFF]))
        try convert("texts.tsv").refuses(65, "is not UTF-8 text")
        try FileManager.default.removeItem(at: folder["model/vocab.txt"])
        try folder.add("texts.tsv", Data("text\tsplit\na\ttrain\n".utf8))
        try convert("texts.tsv").refuses(66, "model")
    }

    @Test func labelsOutOfRange() throws {
        try folder.addModel("bert_classifier")
        try folder.add("texts.tsv", Data("text\tlabel\tsplit\na\t0\ttrain\nb\t5\ttrain\n".utf8))
        try convert("texts.tsv").refuses(65, "label \"5\" of sample 1 is not among the 5 classes")

        try folder.addModel("vit_classifier")
        let file = folder["images.safetensors"]
        for (labels, part) in [([0, 1_000_000], "found 0...1000000"), ([-1, 0], "found -1...0")] {
            try SafetensorsWriter.write(
                [("images", .zeros([2, 3, 24, 24], .uint8)), ("labels", Tensor(labels))], to: file)
            try convert("images.safetensors").refuses(65, "images.safetensors: labels must lie in 0...", part)
        }
        try SafetensorsWriter.write([("images", .zeros([0, 3, 24, 24], .uint8))], to: file)
        try convert("images.safetensors").refuses(65, "images.safetensors has no samples")
    }

    @Test func outputsThatCannotBeWritten() throws {
        try folder.add("out.txt", Data("kept".utf8))
        for output in ["out.txt", "out.txt/deeper"] {
            try Program(
                ["convert", "model", "--data", "texts.tsv", "--output", output] + shortConversion(),
                in: folder
            ).wait().refuses(74, "out.txt")
        }
        let input = Goldens.path("bert/inputs.safetensors")
        try acm("run", "model", "--input", input, "--output", "model", in: folder).refuses(74, "a folder")
        try acm("run", "model", "--input", input, "--output", "no/out", in: folder)
            .refuses(74, "the folder no does not exist")
        #expect(try Data(contentsOf: folder["out.txt"]) == Data("kept".utf8))
    }
}
