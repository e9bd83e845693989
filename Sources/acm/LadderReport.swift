import AdaptiveComputation
import Conversion
import Evaluation
import Foundation
import Torch
import Transformers

/// Every module's cost, and its error with each number of learners.
struct LadderReport {
    struct Row {
        let ladder: ModuleLadder
        let cost: ModelCost.Adaptive
        let denseCost: Int
        /// From the fewest learners on; nil where they were not measured.
        let effects: [Double]?

        /// Multiply-accumulates that k learners save; negative where the gate costs more.
        func saved(_ count: Int) -> Int { denseCost - cost.gate - count * cost.learner }
    }

    let rows: [Row]
    let tokenCount: Int
    /// Of the whole dense model.
    let denseCost: Double

    init(_ model: AdaptiveModel, dense: AdaptiveModel, inputs: [ModelInputs], hasEffects: Bool) throws {
        let meter = LadderMeter(model, dense: dense.network)
        for batch in inputs { try meter.add(batch) }
        let ladders = try meter.ladders()
        let effects = try ModuleEffects(model, dense: dense)
        let measured = hasEffects ? try effects.measure(inputs) : nil
        tokenCount = try measured?.tokenCount ?? effects.tokenCount(inputs)
        let cost = try ModelCost(model, tokenCount: tokenCount)
        let denseCosts = try ModelCost(dense, tokenCount: tokenCount)
        denseCost = denseCosts.total()
        rows = ladders.enumerated().compactMap { index, ladder in
            guard let adaptive = cost.adaptive[ladder.place], let dense = denseCosts.dense[ladder.place]
            else {
                return nil
            }
            return Row(ladder: ladder, cost: adaptive, denseCost: dense, effects: measured?.effects[index])
        }
    }

    /// `modules`: of each its place, dense cost, what its gate and one learner cost, what k learners save,
    /// errors by number of learners from 0, and effects by number of learners from the fewest allowed.
    var json: JSONValue {
        let modules = rows.map { row -> JSONValue in
            [
                "place": .string(row.ladder.place.description), "dense_macs": .integer(row.denseCost),
                "gate_macs": .integer(row.cost.gate), "learner_macs": .integer(row.cost.learner),
                "minimum_choice": .integer(row.ladder.minimumChoice),
                "saved_macs": .array((0...row.ladder.learnerCount).map { .integer(row.saved($0)) }),
                "errors": .array(row.ladder.errors.map { .number($0) }),
                "effects": row.effects.map { .array($0.map { .number($0) }) } ?? .null,
            ]
        }
        return [
            "tokens": .integer(tokenCount), "dense_macs": .integer(Int(denseCost)),
            "measured_tokens": .integer(rows.map(\.ladder.tokenCount).max() ?? 0),
            "modules": .array(modules),
        ]
    }

    var text: String {
        let most = rows.map(\.ladder.learnerCount).max() ?? 0
        let counts = Array(0...most)
        func percent(_ macs: Int) -> String { String(format: "%.2f", 100 * Double(macs) / denseCost) }
        var errors = ColumnTable(
            header: ["module", "cost %", "gate %", "learner %"] + counts.map { "error \($0)" })
        for row in rows {
            errors.add(
                [
                    row.ladder.place.description, percent(row.denseCost), percent(row.cost.gate),
                    percent(row.cost.learner),
                ] + row.ladder.errors.map { String(format: "%.5f", $0) })
        }
        let title =
            "Errors by number of learners on \(rows.map(\.ladder.tokenCount).max() ?? 0) tokens; costs for "
            + "\(tokenCount) tokens a sample"
        guard rows.contains(where: { $0.effects != nil }) else { return "\(title)\n\n\(errors.text)" }
        var effects = ColumnTable(
            header: ["module"] + counts.flatMap { ["saved \($0) %", "effect \($0)"] })
        for row in rows {
            let cells = counts.filter { $0 <= row.ladder.learnerCount }.flatMap { count -> [String] in
                let index = count - row.ladder.minimumChoice
                guard let measured = row.effects, index >= 0 else { return ["–", "–"] }
                return [percent(row.saved(count)), String(format: "%.5f", measured[index])]
            }
            effects.add([row.ladder.place.description] + cells)
        }
        return """
            \(title)

            \(errors.text)

            What the output loses when that module alone is cut

            \(effects.text)
            """
    }
}
