import ArgumentParser
import Baselines

struct EarlyExit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ztw",
        abstract: "Puts a classifier after every block, at which samples leave that it is sure of.",
        discussion: """
            Zero Time Waste: exits know what those before them said, and answer together with them. A stopped \
            run goes on from its last checkpoint when it is called again.
            """)

    @OptionGroup var arguments: BaselineArguments

    func validate() throws { try arguments.validate(EarlyExitOptions.self) }

    func run() throws {
        let options = try arguments.overlaid(EarlyExitOptions())
        var budgets = 1.0...1.0
        try arguments.run(options.task) { budgets = try EarlyExitTrainer($0, options: options)() }
        print("Wrote \(arguments.output): exits for budgets from \(budgets.lowerBound) to 1.")
    }
}
