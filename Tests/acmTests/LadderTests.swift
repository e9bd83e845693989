import Foundation
import TestSupport
import Testing
import Torch

/// `acm inspect --ladder` on a tiny BERT, dense and converted.
@Suite struct LadderTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(textModel: "bert_classifier")
    }

    func ladder(_ arguments: String...) throws -> Program.Ending {
        try Program(
            ["inspect", "model", "--ladder", "--data", "texts.tsv", "--threads", "1"] + arguments, in: folder
        ).wait()
    }

    @Test func aDenseModelShowsWhatAConversionStartsWith() throws {
        let ending = try ladder("--learners", "2", "--effects", "--json")
        ending.succeeds()
        let reader = try JSONObjectReader(JSONValue(parsing: ending.output), source: "output")
        let modules = try reader.objects("modules")
        #expect(modules.count == 10)
        for module in modules {
            let errors = try module.doubles("errors")
            #expect(errors.count == 3 && errors[2] < errors[0])
            let minimum = try module.integer("minimum_choice")
            #expect(try module.doubles("effects").count == 3 - minimum)
            let saved = try module.doubles("saved_macs")
            #expect(saved[0] - saved[1] == (try module.double("learner_macs")))
            #expect(try saved[0] == module.double("dense_macs") - module.double("gate_macs"))
        }
        let table = try ladder()
        table.succeeds()
        #expect(table.output.contains("blocks.1.feedForward") && table.output.contains("error 4"))
        #expect(!table.output.contains("saved"))
    }

    @Test func aConvertedModelIsMeasuredAgainstItsDenseOne() throws {
        try Program(
            [
                "distill", "model", "--data", "texts.tsv", "--output", "one", "--set", "modules=auto",
                "--set", "targetCost=0.8",
            ] + shortConversion(),
            in: folder
        ).wait().succeeds()
        let arguments = ["inspect", "one", "--ladder", "--data", "texts.tsv", "--threads", "1"]
        let ending = try Program(arguments + ["--dense", "model"], in: folder).wait()
        ending.succeeds()
        #expect(ending.output.contains("error 4"))
        try Program(arguments, in: folder).wait().refuses(64, "one is converted: name the dense model")
        try Program(arguments + ["--dense", "one"], in: folder).wait().refuses(
            64, "one is not the dense model")
    }

    @Test func wrongDataIsRefused() throws {
        try ladder("--dense", "model").refuses(64, "model is dense")
        try folder.add("one.txt", Data("a\n".utf8))
        for (file, status, part) in [("none.tsv", 66, "none.tsv"), ("one.txt", 65, "at least 2 samples")] {
            try acm("inspect", "model", "--ladder", "--data", file, in: folder).refuses(Int32(status), part)
        }
    }
}
