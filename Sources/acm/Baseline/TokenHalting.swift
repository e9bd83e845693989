import ArgumentParser
import Baselines

struct TokenHalting: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "avit",
        abstract: "Lets tokens of a classifier halt between blocks, around a depth that it is trained for.",
        discussion: "A stopped run goes on from its last checkpoint when it is called again.")

    @OptionGroup var arguments: BaselineArguments

    func validate() throws { try arguments.validate(TokenHaltingOptions.self) }

    func run() throws {
        let options = try arguments.overlaid(TokenHaltingOptions())
        try arguments.run(options.task) { try TokenHaltingTrainer($0, options: options)() }
        print("Wrote \(arguments.output): tokens halt around block \(options.depth).")
    }
}
