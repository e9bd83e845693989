import Foundation
import TestSupport
import Testing

/// Commands that cannot be meant: exit code 64.
@Suite struct UsageTests {
    static let run = ["run", "model", "--input", "in.safetensors", "--output", "out.safetensors"]
    static let train = ["train-dense", "model", "--data", "t.tsv", "--output", "out"]
    static let ladder = ["inspect", "model", "--ladder", "--data", "texts.tsv"]
    static let evaluate = ["evaluate", "model", "--data", "texts.tsv"]
    static let convert = ["convert", "model", "--data", "texts.tsv", "--output", "out"]

    @Test(
        arguments: [
            (["nonsense"], "nonsense"),
            (["inspect"], "Missing expected argument '<model>'"),
            (["inspect", "model", "--tokens", "0"], "--tokens must lie in 1...1000000, found 0"),
            (["inspect", "model", "--tokens", "4611686018427387904"], "--tokens must lie in"),
            (["inspect", "model", "--ladder"], "--ladder measures modules on data: give it with --data"),
            (["inspect", "model", "--effects"], "--effects, --data and --dense go with --ladder"),
            (ladder + ["--learners", "0"], "--learners must lie in 1...1024, found 0"),
            (ladder + ["--samples", "0"], "--calibration-samples and --samples must be at least 1"),
            (run + ["--speed", "9"], "Unknown option '--speed'"),
            (run + ["--budget", "2"], "--budget must lie in 0...1, found 2.0"),
            (run + ["--budget", "nan"], "--budget must lie in 0...1"),
            (run + ["--device", "tpu"], "--device must be cpu, cuda or cuda:N, found \"tpu\""),
            (run + ["--device", "cuda:-1"], "--device must be cpu, cuda or cuda:N"),
            (run + ["--dtype", "float8"], "--dtype must be float32, bfloat16, float16 or int8"),
            (run + ["--dtype", "int32"], "--dtype must be float32, bfloat16, float16 or int8"),
            (run + ["--threads=-1"], "--threads must lie in 0...1024"),
            (convert + ["--threads", "100000"], "--threads must lie in 0...1024"),
            (convert + ["--recipe", "best"], "--recipe must be ours or paper, found \"best\""),
            (convert + ["--budget", "0.5"], "--budget goes with --recipe paper"),
            (convert + ["--set", "learners"], "--set takes path=value, found \"learners\""),
            (convert + ["--set", "="], "--set takes path=value, found \"=\""),
            (["convert", "model", "--data", "", "--output", "out"], "What follows --data is empty"),
            (["inspect", ""], "What follows inspect is empty"),
            (evaluate + ["--budgets", "1,,0.5"], "--budgets takes numbers in 0...1"),
            (evaluate + ["--budgets", "0.5,0.50"], "each once, found \"0.5,0.50\""),
            (
                ["convert", "a/model", "--data", "t.tsv", "--output", "a/./model"],
                "another folder than the model's"
            ),
            (["finetune", "model", "--data", "t.tsv", "--output", "out"], "--teacher"),
            (["train-dense", "model", "--data", "t.tsv"], "--output"),
            (["evaluate", "model", "--data", "t.tsv", "--drift"], "--drift goes with --dense"),
            (train + ["--set", "weightDecay"], "--set takes path=value, found \"weightDecay\""),
            (train + ["--device", "tpu"], "--device must be cpu, cuda or cuda:N, found \"tpu\""),
            (
                ["calibrate", "model", "--data", "t.tsv", "--samples", "0"],
                "--samples and --batch-size must be at least 1"
            ),
        ] as [([String], String)])
    func wrongArguments(arguments: [String], part: String) throws {
        let ending = try Program(arguments).wait()
        #expect(ending.status == 64 && ending.output.isEmpty)
        #expect(ending.errors.hasPrefix("Error: ") && ending.errors.contains(part), "\(ending.errors)")
    }

    @Test(
        arguments: [
            ("learner=3", "there is no option learner; known: recipe"),
            ("learners=many", "learners has a wrong value"),
            ("learners=0", "learners must lie in 1...1024, found 0"),
            ("finetuning.temperature.x=1", "finetuning.temperature has a wrong value"),
            ("modules=[gate]", "wrong value"),
            ("recipe: [", "--set takes"),
            ("distillation.optimisation.learningRate=-1", "learningRate must be a number above 0"),
        ])
    func wrongOptionsOfConversions(setting: String, part: String) throws {
        let folder = try TemporaryFolder()
        let ending = try Program(Self.convert + ["--set", setting], in: folder).wait()
        #expect(ending.status == 64 && ending.errors.contains(part), "\(ending.errors)")
        #expect(try folder.contents() == [])
    }

    @Test func optionFiles() throws {
        let folder = try TemporaryFolder(["a.yaml": "learners: 4\nwidth: 3\n", "b.yaml": "learners: [\n"])
        try folder.add("c.yaml", Data([0xFF, 0xFE]))
        for (name, part) in [
            ("a.yaml", "a.yaml: there is no option width"),
            ("b.yaml", "b.yaml is not valid YAML: line 2, column 1: "),
            ("c.yaml", "c.yaml is not UTF-8"),
        ] {
            let ending = try Program(Self.convert + ["--config", name], in: folder).wait()
            #expect(ending.status == 64 && ending.errors.contains(part), "\(ending.errors)")
        }
        try Program(Self.convert + ["--config", "none.yaml"], in: folder).wait().refuses(66, "none.yaml")
    }

    @Test func helpIsNoError() throws {
        let ending = try acm("--help")
        ending.succeeds()
        for command in [
            "inspect", "run", "convert", "distill", "pretrain-gates", "finetune", "evaluate", "doctor",
        ] {
            #expect(ending.output.contains("\n  \(command) "))
        }
    }

    /// Seen in the device's own number, so that machines with a GPU agree.
    @Test(arguments: ["run", "convert"]) func devicesThatAreAbsent(command: String) throws {
        let folder = try TemporaryFolder(textModel: "bert")
        let arguments =
            command == "run"
            ? ["--input", Goldens.path("bert/inputs.safetensors")] : ["--data", "texts.tsv"]
        let ending = try Program(
            [command, "model"] + arguments + ["--output", "out", "--device", "cuda:127"], in: folder
        ).wait()
        ending.refuses(64, "Device cuda:127 was asked for, but libtorch finds")
        #expect(try folder.contents() == ["model", "texts.tsv"])
    }
}
