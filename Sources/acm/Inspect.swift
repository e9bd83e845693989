import AdaptiveComputation
import ArgumentParser
import Foundation
import Torch
import Transformers

/// Describes a model and what it costs.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a model's architecture, parameters, cost per module and adaptive modules.",
        discussion: """
            With --ladder: how far each module is from the dense one with 0, 1, 2, … learners, \
            ‖H(z, k) − o‖² / ‖o − mean o‖² on real inputs. Of a dense model, what a conversion of all \
            its modules would start from. With --effects also what the model's output loses when that \
            module alone is cut: the divergence of its distributions, of embeddings ten times one minus \
            the cosine; and so which modules are worth converting.
            """)

    @Argument(help: "A Hugging Face model folder.")
    var model: String

    @Option(help: "Tokens of a sample; needed for texts and speech, whose cost depends on it.")
    var tokens: Int?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Errors of modules") var ladder: LadderOptions

    func validate() throws {
        guard (1...1_000_000).contains(tokens ?? 1) else {
            throw ValidationError("--tokens must lie in 1...1000000, found \(tokens ?? 1)")
        }
    }

    func run() throws {
        if ladder.ladder {
            let report = try ladder.measure(model)
            print(json ? try report.json.text() : report.text)
            return
        }
        let loaded = try ModelOptions.load(model, nil)
        let network = loaded.network
        let tokenCount = tokens ?? network.dimensions.tokenCount ?? 128
        let cost = try ModelCost(loaded, tokenCount: tokenCount)
        let parameters = network.namedParameters().reduce(0) { $0 + $1.tensor.elementCount }
        let architecture = network.configuration["architectures"]?[0]?.stringValue ?? "\(type(of: network))"
        let parts: [(String, Int)] =
            [("embedding", cost.embedding), ("attention_core", cost.attentionCore), ("head", cost.head)]
            + SlotKind.allCases.flatMap { kind -> [(String, Int)] in
                let dense = cost.dense.filter { $0.key.kind == kind }.values.reduce(0, +)
                let adaptive = cost.adaptive.filter { $0.key.kind == kind }.values
                return [
                    ("\(kind.rawValue).dense", dense),
                    ("\(kind.rawValue).learners", adaptive.reduce(0) { $0 + $1.learner * $1.learnerCount }),
                    ("\(kind.rawValue).gates", adaptive.reduce(0) { $0 + $1.gate }),
                ].filter { $0.1 > 0 }
            }
        if json {
            var partsObject = JSONObject()
            for (name, macs) in parts { partsObject[name] = .integer(macs) }
            let value: JSONValue = [
                "architecture": .string(architecture), "parameters": .integer(parameters),
                "tokens": .integer(tokenCount), "macs": .integer(Int(cost.total())),
                "adaptable_macs": .integer(cost.adaptable),
                "element_wise_operations": .integer(cost.elementWise),
                "parts": .object(partsObject),
                "acm": loaded.configuration?.json ?? .null,
                "calibration_samples": loaded.calibration.map { .integer($0.sampleCount) } ?? .null,
            ]
            print(try value.text())
            return
        }
        let blocks = network.dimensions.stacks.map { "\($0.blockCount)" }.joined(separator: " + ")
        print(
            "architecture      \(architecture), \(blocks) blocks of width \(network.dimensions.width)"
        )
        print("parameters        \(parameters)")
        let isLarge = cost.total() >= 1e9
        let unit = isLarge ? "GMAC" : "MMAC"
        func number(_ macs: Double) -> String { String(format: "%8.4f", macs / (isLarge ? 1e9 : 1e6)) }
        print("cost              \(number(cost.total())) \(unit) for \(tokenCount) tokens")
        for (name, macs) in parts {
            let share = 100 * Double(macs) / cost.total()
            print(
                "  \(name.padding(toLength: 22, withPad: " ", startingAt: 0))\(number(Double(macs)))  \(String(format: "%5.1f %%", share))"
            )
        }
        guard let configuration = loaded.configuration else {
            print("adaptive modules  none (dense)")
            return
        }
        print(
            "adaptive modules  \(configuration.modules.count), phase \(configuration.phase.rawValue), adaptable \(number(Double(cost.adaptable))) \(unit)"
        )
        print(
            "budgets           "
                + (loaded.calibration.map { "calibrated on \($0.sampleCount) samples" } ?? "not calibrated"))
        for module in configuration.modules {
            print(
                "  \(module.place): \(module.minimumChoice)–\(module.learnerCount) learners of width \(module.learnerWidth), \(module.activation.rawValue)"
            )
        }
    }
}
