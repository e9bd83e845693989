import Foundation
import TestSupport
import Testing
import Torch

/// `acm evaluate` of a recogniser: error rates, and a report with waveforms and words.
@Suite struct SpeechReportTests {
    let folder: TemporaryFolder
    let names = ["s16.wav", "s16.flac", "s24.flac"]

    init() throws {
        folder = try TemporaryFolder()
        try folder.addModel("wav2vec2_ctc")
        let tokens = ["|", "<s>", "</s>", "<pad>", "<unk>", "A", "B", "C", "D", "E", "F"]
        var vocabulary = JSONObject()
        for (id, token) in tokens.enumerated() { vocabulary[token] = .integer(id) }
        try JSONValue.object(vocabulary).write(to: folder["model/vocab.json"])
        let tokenizer: JSONValue = [
            "tokenizer_class": "Wav2Vec2CTCTokenizer", "pad_token": "<pad>", "unk_token": "<unk>",
            "word_delimiter_token": "|",
        ]
        try tokenizer.write(to: folder["model/tokenizer_config.json"])
        let extractor: JSONValue = [
            "sampling_rate": 16000, "do_normalize": true, "return_attention_mask": true,
        ]
        try extractor.write(to: folder["model/preprocessor_config.json"])
        try FileManager.default.createDirectory(at: folder["data/clips"], withIntermediateDirectories: true)
        for name in names {
            try folder.add(
                "data/clips/\(name)", Data(contentsOf: Goldens.folder.appendingPathComponent("audio/\(name)"))
            )
        }
        let table = "path\tsentence\n" + names.map { "\($0)\tABE CAFE\n" }.joined()
        for split in ["train", "test"] { try folder.add("data/\(split).tsv", Data(table.utf8)) }
        try Program(
            ["convert", "model", "--data", "data", "--output", "adaptive"] + shortConversion(), in: folder
        ).wait().succeeds()
    }

    @Test func errorRatesAreMeasuredAndShown() throws {
        let ending = try Program(
            [
                "evaluate", "adaptive", "--dense", "model", "--data", "data", "--budgets", "1,0.5",
                "--report",
                "report", "--json", "--require", "wer>=0",
            ], in: folder
        ).wait()
        ending.succeeds()
        let result = try JSONValue(parsing: ending.output)
        let rate = try #require(result["budgets"]?[0]?["errors"]?["word_error_rate"]?.doubleValue)
        #expect(rate > 0 && result["dense"]?["errors"]?["character_error_rate"]?.doubleValue != nil)
        let page = try String(contentsOf: folder["report/report.html"], encoding: .utf8)
        #expect(page.contains("word error rate") && page.contains("Load over the recording"))
        #expect(page.contains("ABE") && page.contains("class=\"aligned\""))
        let examples = try JSONValue(contentsOf: folder["report/examples.json"]).arrayValue ?? []
        #expect(examples.contains { $0["group"] == "worst" })
        #expect(page.contains("class=\"blocks rows\""))
        for example in examples {
            let blocks = example["blockLoads"]?.arrayValue ?? []
            let count = example["tokenLoads"]?.arrayValue?.count
            #expect(!blocks.isEmpty && blocks.allSatisfy { $0["loads"]?.arrayValue?.count == count })
            let pairs = example["alignment"]?["pairs"]?.arrayValue ?? []
            #expect(pairs.compactMap { $0["reference"]?.stringValue } == ["ABE", "CAFE"])
        }

        // Texts that are alike but for case: what is made alike decides.
        let table = "path\tsentence\n" + names.map { "\($0)\tabe cafe\n" }.joined()
        let predicted = try acm("predict", "adaptive", "data/clips/s16.wav", "--json", in: folder)
        predicted.succeeds()
        let text = try #require(try JSONValue(parsing: predicted.output)["transcript"]?.stringValue)
        try folder.add(
            "data/test.tsv", Data(table.replacingOccurrences(of: "abe cafe", with: text.lowercased()).utf8))
        #expect(text.contains { $0.isUppercase }, "\(text)")
        for (normalize, isRight) in [("lowercase,punctuation", true), ("none", false)] {
            let again = try Program(
                [
                    "evaluate", "adaptive", "--dense", "model", "--data", "data", "--budgets", "1", "--json",
                    "--normalize", normalize,
                ], in: folder
            ).wait()
            again.succeeds()
            let rate = try JSONValue(parsing: again.output)["budgets"]?[0]?["errors"]?["word_error_rate"]
            #expect((rate?.doubleValue == 0) == isRight, "\(normalize) \(text)")
        }
    }
}
