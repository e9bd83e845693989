import ArgumentParser
import Baselines
import Foundation

struct TokenMerging: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tome",
        abstract: "Merges like patches of an image between blocks, as many as a budget asks for.",
        discussion: "Nothing is trained; the weights are copied.")

    @Argument(help: "The Hugging Face folder of a dense vision model.")
    var model: String

    @Option(help: "Folder to write.")
    var output: String

    func validate() throws { try OutputFolder(output).validate(model: model) }

    func run() throws {
        try OutputFolder(output).prepared {
            try TokenMergingModel.convert(URL(fileURLWithPath: model), to: URL(fileURLWithPath: output))
        }
        print("Wrote \(output): like patches are merged.")
    }
}
