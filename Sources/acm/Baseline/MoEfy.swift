import ArgumentParser
import Baselines
import Foundation

struct MoEfy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "moefication",
        abstract: "Parts feed-forwards into experts, of which a router picks those that a token runs.",
        discussion: "A stopped run goes on from its last checkpoint when it is called again.")

    @OptionGroup var arguments: BaselineArguments

    func validate() throws { try arguments.validate(MoEficationOptions.self) }

    func run() throws {
        let options = try arguments.overlaid(MoEficationOptions())
        try arguments.run(options.task) { try MoEficationTrainer($0, options: options)() }
        print("Wrote \(arguments.output): feed-forwards of experts of \(options.expertWidth) neurons.")
    }
}
