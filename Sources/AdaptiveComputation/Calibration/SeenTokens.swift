import Torch
import Transformers

/// What the gates of a model said of the tokens of some data.
struct SeenTokens {
    /// The load of the fewest learners that the modules may run.
    let leastLoad: Double
    /// `[decisions, choices]` float32; choices that a module does not have are at -1e30.
    private let terms: Tensor
    /// The module of each decision: `[decisions]` int64.
    private let moduleNumbers: Tensor
    /// The cost of a learner of each decision's module: `[decisions]` float64.
    private let costs: Tensor
    private let choiceCount: Int
    private let available: Double

    /// - Parameters:
    ///   - given: by module parts of `[tokens, choices]`.
    ///   - modules: all that are calibrated.
    init(_ given: [SlotPlace: [Tensor]], _ modules: [CalibratedModule]) throws {
        let choiceCount = modules.map { $0.learnerCount + 1 - $0.minimumChoice }.max() ?? 1
        var parts: [Tensor] = []
        var numbers: [Tensor] = []
        var sums = (least: 0.0, available: 0.0)
        for (number, module) in modules.enumerated() {
            for part in given[module.place] ?? [] {
                let tokens = try part.size(0)
                parts.append(
                    try part.paddedLast(before: 0, after: choiceCount - part.size(1), value: -1e30))
                numbers.append(try .full([tokens], Double(number), .int64, device: part.device))
                sums.least += Double(tokens * module.cost * module.minimumChoice)
                sums.available += Double(tokens * module.cost * module.learnerCount)
            }
        }
        guard let device = parts.first?.device, sums.available > 0 else {
            throw ModelError.invalidSlot("There are no data to calibrate budgets on.")
        }
        self.choiceCount = choiceCount
        terms = try .concatenated(parts)
        moduleNumbers = try .concatenated(numbers)
        costs = try Tensor(modules.map { Double($0.cost) }).to(device).entries(moduleNumbers)
        leastLoad = sums.least / sums.available
        available = sums.available
    }

    /// The load if each module's row of offsets were added to what its gate said.
    func load(offsets rows: [[Double]]) throws -> Double {
        let table = try Tensor(
            rows.flatMap { $0.map(Float.init) + Array(repeating: 0, count: choiceCount - $0.count) },
            shape: [rows.count, choiceCount]
        ).to(terms.device)
        let choices = try (terms + table.entries(moduleNumbers)).argMax(axis: -1)
        return try leastLoad + (choices.to(nil, .float64) * costs).sum().item(Double.self) / available
    }

    /// The shift whose offsets give a load within `tolerance`, or the nearest above, by bisection.
    func shift(
        for target: Double, tolerance: Double, offsets: (_ shift: Double) -> [[Double]]
    ) throws -> Double {
        var bounds = (lower: -1.0, upper: 1.0)
        while try bounds.lower > -1e4 && load(offsets: offsets(bounds.lower)) > target { bounds.lower *= 2 }
        while try bounds.upper < 1e4 && load(offsets: offsets(bounds.upper)) < target { bounds.upper *= 2 }
        for _ in 0..<30 {
            let middle = (bounds.lower + bounds.upper) / 2
            let load = try load(offsets: offsets(middle))
            if abs(load - target) <= tolerance { return middle }
            if load < target { bounds.lower = middle } else { bounds.upper = middle }
        }
        return bounds.upper
    }
}
