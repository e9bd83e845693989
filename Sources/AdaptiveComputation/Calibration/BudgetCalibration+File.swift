import Torch
import Transformers

extension BudgetCalibration {
    /// Reads what ``json`` gives.
    ///
    /// - Parameters:
    ///   - reader: of the file's object.
    ///   - descriptions: the model's modules, which the file must name in their order.
    /// - Throws: `JSONError` for a missing or wrong entry.
    init(_ reader: JSONObjectReader, _ descriptions: [ModuleDescription]) throws {
        let budgets = try reader.doubles("budgets")
        loads = try reader.doubles("loads")
        guard loads.count == budgets.count else {
            throw reader.invalid("loads", expected: "a list as long as \"budgets\"")
        }
        sampleCount = try reader.integer("samples", in: 1...Int.max)
        let entries = try reader.objects("modules")
        guard entries.count == descriptions.count else {
            throw reader.invalid("modules", expected: "a list of the model's \(descriptions.count) modules")
        }
        modules = try zip(entries, descriptions).map { entry, description in
            guard try entry.string("place") == description.place.description else {
                throw entry.invalid("place", expected: "\"\(description.place)\", as config.json has it")
            }
            let choices = description.learnerCount + 1 - description.minimumChoice
            let rows = try entry.value("offsets").arrayValue?.compactMap { row in
                row.arrayValue?.compactMap(\.doubleValue)
            }
            guard let rows, let offsets = BudgetOffsets(budgets: budgets, rows: rows),
                rows[0].count == choices
            else {
                throw entry.invalid(
                    "offsets",
                    expected:
                        "a row of \(choices) numbers for each of \(budgets.count) rising budgets, whose "
                        + "steps do not fall from row to row")
            }
            let histograms = try entry.value("histograms").arrayValue?.compactMap { row in
                row.arrayValue?.compactMap(\.integerValue)
            }
            guard let histograms, histograms.count == budgets.count,
                histograms.allSatisfy({ row in
                    row.count == description.learnerCount + 1 && row.allSatisfy { $0 >= 0 }
                })
            else {
                throw entry.invalid(
                    "histograms",
                    expected:
                        "a row of \(description.learnerCount + 1) counts for each of \(budgets.count) budgets"
                )
            }
            return Module(place: description.place, offsets: offsets, histograms: histograms)
        }
    }
}
