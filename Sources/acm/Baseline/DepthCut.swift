import ArgumentParser
import Baselines

struct DepthCut: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "depth",
        abstract: "Makes a smaller dense model of some of the blocks, which learn to do without the others.",
        discussion: "A stopped run goes on from its last checkpoint when it is called again.")

    @OptionGroup var arguments: BaselineArguments

    func validate() throws { try arguments.validate(DepthCutOptions.self) }

    func run() throws {
        let options = try arguments.overlaid(DepthCutOptions())
        try arguments.run(options.task) { try DepthCutTrainer($0, options: options)() }
        print("Wrote \(arguments.output): \(options.blocks) blocks.")
    }
}
