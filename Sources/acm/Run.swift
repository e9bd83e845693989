import AdaptiveComputation
import ArgumentParser
import Foundation
import Torch
import Transformers

/// The raw door: named tensors in, named tensors out.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a model on the named inputs of a safetensors file and writes its named outputs.")

    @Argument(help: "A Hugging Face model folder.")
    var model: String

    @Option(help: "Safetensors file with pixel_values, or input_values or input_ids and attention_mask.")
    var input: String

    @Option(help: "Safetensors file to write.")
    var output: String

    @Option(help: "Load that is asked for, 0 to 1.")
    var budget = 1.0

    @Flag(help: "Also write the learners of each module and token as trace.<module path>, int32.")
    var trace = false

    @Flag(help: "Also write the embeddings' and each block's output as hidden_states.<number>.")
    var hiddenStates = false

    @Flag(help: "Take images of other sizes than a ViT's own, with interpolated positions.")
    var interpolatePositions = false

    @OptionGroup var options: ModelOptions

    func validate() throws {
        guard (0...1).contains(budget) else {
            throw ValidationError("--budget must lie in 0...1, found \(budget)")
        }
        try OutputFile(option: "--output", path: output).validate(inputs: [model, input])
    }

    func run() throws {
        try OutputFile(option: "--output", path: output).requireWritable()
        let (model, device, type) = try options.load(model)
        let inputs = ModelInputs(try SafetensorsFile(URL(fileURLWithPath: input)).tensors())
        let known = model.network.inputNames
        if let unknown = inputs.tensors.keys.sorted().first(where: { !known.contains($0) }) {
            throw ModelError.invalidInput(
                "\(input): the model takes no input \"\(unknown)\"; it takes \(known.joined(separator: ", "))."
            )
        }
        let pass = AdaptivePass(budget: budget, keepsHiddenStates: hiddenStates)
        pass.interpolatesPositions = interpolatePositions
        var results = try withoutGradients { try model(inputs.to(device, type), pass).tensors }
        if hiddenStates {
            results += model.network.namedHiddenStates(pass)
        }
        if trace {
            for decision in pass.trace {
                let path = try model.network.nameTable.checkpointName(of: decision.place.description)
                results.append(("trace.\(path)", try decision.choices.to(nil, .int32)))
            }
        }
        try SafetensorsWriter.write(results, to: URL(fileURLWithPath: output))
    }
}
