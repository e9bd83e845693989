import Foundation
import TestSupport
import Testing
import Torch

/// `acm transcribe` with a tiny random Whisper.
@Suite struct TranscribeTests {
    let folder: TemporaryFolder
    let names = ["s16.wav", "mono.g722"]

    init() throws {
        folder = try TemporaryFolder()
        try folder.addWhisper()
        for name in names {
            try folder.add(name, Data(contentsOf: Goldens.folder.appendingPathComponent("audio/\(name)")))
        }
    }

    func transcribe(_ arguments: String...) throws -> Program.Ending {
        try Program(
            ["transcribe", "model"] + names + ["--language", "fr", "--threads", "1"] + arguments, in: folder
        ).wait()
    }

    /// One JSON object a line.
    func objects(_ ending: Program.Ending) throws -> [JSONValue] {
        try ending.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    @Test func errorRatesFollowTheTexts() throws {
        let first = try transcribe("--json")
        first.succeeds()
        let texts = try objects(first).compactMap { $0["text"]?.stringValue }
        #expect(texts.count == 2 && texts.allSatisfy { $0.contains(where: \.isLetter) })
        // The second has two words more.
        try folder.add(
            "said.tsv",
            Data("path\tsentence\n\(names[0])\t\(texts[0])\n\(names[1])\tone \(texts[1]) two\n".utf8))
        let second = try transcribe("--json", "--references", "said.tsv")
        second.succeeds()
        let lines = try objects(second)
        #expect(lines.count == 3 && lines.prefix(2).compactMap { $0["text"]?.stringValue } == texts)
        let words = try #require(lines[2]["words"]?.integerValue)
        #expect(words >= 4 && lines[2]["sounds"] == 2)
        #expect(lines[2]["word_error_rate"] == .number(2 / Double(words)))
        let third = try transcribe("--references", "said.tsv", "--batch-size", "2")
        third.succeeds()
        #expect(
            third.output.contains("\nsounds 2, words \(words): word error rate "), "\(third.output)")
    }

    @Test func numbersThatAreNotFiniteAreNoText() throws {
        var tensors = try folder.tensors("model/model.safetensors")
        tensors["model.encoder.embed_positions.weight"] = try .full([50, 20], .nan)
        try SafetensorsWriter.write(tensors.map { ($0.key, $0.value) }, to: folder["model/model.safetensors"])
        try transcribe("--table", "heard.tsv").refuses(
            65, "The model's hidden state has numbers that are not finite")
        #expect(!FileManager.default.fileExists(atPath: folder["heard.tsv"].path))
    }

    /// What was heard is data for a conversion of recordings without texts.
    @Test func whatIsHeardBecomesATable() throws {
        try FileManager.default.createDirectory(at: folder["data/clips"], withIntermediateDirectories: true)
        for name in names {
            try folder.add("data/clips/\(name)", Data(contentsOf: folder[name]))
        }
        let ending = try transcribe("--json", "--table", "data/train.tsv")
        ending.succeeds()
        let texts = try objects(ending).compactMap { $0["text"]?.stringValue }
        let rows = zip(names, texts).map { name, text in
            "\(name)\t\(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))\tfr\n"
        }
        #expect(
            try String(contentsOf: folder["data/train.tsv"], encoding: .utf8)
                == "path\tsentence\tlocale\n" + rows.joined())
        try Program(["convert", "model", "--data", "data", "--output", "o"] + shortConversion(), in: folder)
            .wait().succeeds()
        try transcribe("--table", "none/train.tsv").refuses(74, "none")
    }

    @Test func filesWithoutSentencesAreRefused() throws {
        try folder.add("said.tsv", Data("path\tsentence\ns16.wav\tone\n".utf8))
        try transcribe("--references", "said.tsv").refuses(65, "said.tsv has no sentence for mono.g722")
        try transcribe("--references", "none.tsv").refuses(66, "none.tsv")
    }

    /// Each recording is heard, learnt from and scored in the language that its table tells.
    @Test func tablesTellLanguages() throws {
        try FileManager.default.createDirectory(at: folder["data/clips"], withIntermediateDirectories: true)
        for name in names {
            try folder.add("data/clips/\(name)", Data(contentsOf: folder[name]))
        }
        func table(_ codes: [String]) -> Data {
            Data(
                ("path\tsentence\tlocale\n" + zip(names, codes).map { "\($0)\tABC\t\($1)\n" }.joined()).utf8)
        }
        try folder.add("data/train.tsv", table(["fr", "de"]))
        try folder.add("data/test.tsv", table(["fr", "de"]))
        func heard(_ arguments: String...) throws -> [JSONValue] {
            let ending = try Program(
                ["transcribe", "model"] + names + ["--threads", "1", "--json"] + arguments, in: folder
            ).wait()
            ending.succeeds()
            return try objects(ending)
        }
        let mixed = try heard("--references", "data/test.tsv", "--batch-size", "2")
        #expect(mixed.prefix(2).map { $0["language"] } == ["fr", "de"])
        for (code, place) in [("fr", 0), ("de", 1)] {
            let alone = try heard("--language", code)
            #expect(alone[place]["text"] == mixed[place]["text"])
            #expect(mixed[2]["languages"]?[code]?["sounds"] == 1)
        }
        try Program(
            ["convert", "model", "--data", "data", "--output", "o"] + shortConversion(), in: folder
        ).wait().succeeds()
        let evaluation = [
            "evaluate", "o", "--dense", "model", "--budgets", "0.5", "--threads", "1", "--data",
        ]
        let ending = try Program(evaluation + ["data", "--json"], in: folder).wait()
        ending.succeeds()
        let result = try JSONValue(parsing: ending.output)
        for code in ["fr", "de"] {
            let rate = mixed[2]["languages"]?[code]?["word_error_rate"]
            #expect(rate?.doubleValue != nil)
            #expect(result["dense"]?["languages"]?[code]?["word_error_rate"] == rate)
            #expect(result["budgets"]?[0]?["languages"]?[code]?["character_error_rate"]?.doubleValue != nil)
        }
        // Packed, and without the table, they are the same.
        try acm("pack", "data", "--split", "test", "--output", "test.safetensors", in: folder).succeeds()
        let packed = try Program(evaluation + ["test.safetensors"], in: folder).wait()
        packed.succeeds()
        #expect(packed.output.contains("WER de  WER fr"), "\(packed.output)")
        try folder.add("data/test.tsv", table(["fr", "tlh"]))
        try Program(evaluation + ["data"], in: folder).wait().refuses(65, "line 3): ", "language \"tlh\"")
        try folder.add("data/test.tsv", table(["fr", ""]))
        try Program(evaluation + ["data"], in: folder).wait().refuses(65, "say which one the texts are in")
        try Program(evaluation + ["data", "--language", "en"], in: folder).wait().succeeds()
    }

    @Test func convertedWhispersAreHeardDrawnAndTimed() throws {
        try FileManager.default.createDirectory(at: folder["data/clips"], withIntermediateDirectories: true)
        for name in names {
            try folder.add("data/clips/\(name)", Data(contentsOf: folder[name]))
        }
        let table = names.map { "\($0)\tABC\n" }.joined()
        try folder.add("data/train.tsv", Data("path\tsentence\n\(table)".utf8))
        let conversion = try Program(
            ["convert", "model", "--data", "data", "--output", "out", "--language", "fr"] + shortConversion()
                + ["--set", "modules=[feedForward, crossValue]"], in: folder
        ).wait()
        conversion.succeeds()
        let transcripts = try acm(
            "transcribe", "out", "s16.wav", "--language", "fr", "--budget", "0.5", "--json", in: folder)
        transcripts.succeeds()
        let load = try #require(try objects(transcripts).first?["load"]?.doubleValue)
        #expect(load > 0 && load <= 1)
        try acm("predict", "out", "s16.wav", "--language", "fr", "--heatmap", "map.png", in: folder)
            .succeeds()
        #expect(try Data(contentsOf: folder["map.png"]).prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
        try acm(
            "benchmark", "model", "--batch-sizes", "2", "--tokens", "3", "--repeats", "1", "--json", "b.json",
            in: folder
        ).succeeds()
        let rows = try JSONValue(contentsOf: folder["b.json"])["rows"]
        #expect(rows?[0]?["batch_size"] == 2)
        try checkReport()
    }

    /// `acm evaluate` of the converted Whisper: error rates as `acm transcribe` has them, and a page.
    private func checkReport() throws {
        let said = names.map { "\($0)\tABC\n" }.joined()
        try folder.add("data/test.tsv", Data("path\tsentence\n\(said)".utf8))
        func evaluate(_ data: String = "data", _ arguments: String...) throws -> Program.Ending {
            try Program(
                [
                    "evaluate", "out", "--dense", "model", "--data", data, "--language", "fr", "--threads",
                    "1",
                    "--budgets", "1,0.5",
                ] + arguments, in: folder
            ).wait()
        }
        let ending = try evaluate("data", "--report", "report", "--json")
        ending.succeeds()
        let result = try JSONValue(parsing: ending.output)
        let heard = try transcribe("--json", "--references", "data/test.tsv")
        heard.succeeds()
        let dense = try #require(try objects(heard).last)
        #expect(result["dense"]?["errors"]?["word_error_rate"] == dense["word_error_rate"])
        #expect(result["dense"]?["errors"]?["character_error_rate"] == dense["character_error_rate"])
        let half = try #require(result["budgets"]?[1])
        #expect(half["mean_cosine"]?.isNull == true && half["load"]?.doubleValue ?? 0 > 0)
        let macs = try #require(result["dense"]?["macs"]?.doubleValue)
        let halfMacs = try #require(half["macs"]?.doubleValue)
        #expect(macs > 0 && halfMacs > 0 && halfMacs != macs)
        let duration = try #require(dense["duration"]?.doubleValue)
        #expect(abs((result["mean_seconds"]?.doubleValue ?? 0) - duration / 2) < 1e-4)
        let page = try String(contentsOf: folder["report/report.html"], encoding: .utf8)
        #expect(page.contains("Load over the recording") && page.contains("real-time factor"))
        #expect(page.contains("class=\"aligned\"") && !page.contains("cosine"))
        let examples = try JSONValue(contentsOf: folder["report/examples.json"]).arrayValue ?? []
        #expect(examples.count == 4 && examples.last?["group"] == "worst")
        #expect(examples.allSatisfy { $0["tokenLoads"]?.arrayValue?.isEmpty == false })

        let table = try evaluate()
        table.succeeds()
        #expect(table.output.contains("WER") && !table.output.contains("cosine"))
        try evaluate("data", "--probe-split", "train").refuses(64, "writes texts")
        try FileManager.default.createDirectory(at: folder["silent"], withIntermediateDirectories: true)
        try folder.add("silent/\(names[0])", Data(contentsOf: folder[names[0]]))
        try evaluate("silent").refuses(65, "recordings with what is said")
    }
}
