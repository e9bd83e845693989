import Torch

/// Two evaluations of the same data, sample by sample.
public struct Comparison: Sendable {
    /// What is put side by side.
    public enum Alignment: String, CaseIterable, Sendable {
        /// Runs of one budget; a dense model with every run of the other.
        case budget
        /// Each run of the first with what the second gives for as many multiply-accumulates: its nearest two runs,
        /// drawn between for each sample.
        case cost
    }

    /// One side of a pair.
    public struct Side: Sendable {
        /// nil for a dense model, or for one between two budgets.
        public let budget: Double?
        public let name: String
        /// Multiply-accumulates of one sample.
        public let macs: Double?
        /// Of the compared quality.
        public let value: Double
    }

    /// A pair of runs.
    public struct Row: Sendable {
        public let first: Side
        public let second: Side
        /// Second less first.
        public let difference: Interval
        /// For what is right or wrong, where no side lies between two runs.
        public let test: McNemar?

        public var name: String {
            first.name == second.name ? second.name : "\(second.name) against \(first.name)"
        }
    }

    public let first: EvaluationReport
    public let second: EvaluationReport
    public let quality: Quality
    public let alignment: Alignment
    public let sampleCount: Int
    public let rows: [Row]

    /// - Parameters:
    ///   - first: what is compared with.
    ///   - second: what is judged.
    ///   - quality: nil takes what both are judged by before all else.
    ///   - alignment: what is put side by side.
    ///   - bootstrap: how intervals are computed.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for evaluations of other data, without records of samples, without
    ///   the quality, or without runs that can be paired.
    public init(
        _ first: EvaluationReport, _ second: EvaluationReport, quality: Quality? = nil,
        alignment: Alignment = .budget, bootstrap: Bootstrap = Bootstrap()
    ) throws {
        func records(_ report: EvaluationReport) throws -> SampleRecords {
            guard let records = report.records else {
                throw EvaluationError.mismatch(
                    "\(report.place) has no \(SampleRecords.fileName), which pairing needs: evaluate again with --report"
                )
            }
            return records
        }
        let (a, b) = (try records(first), try records(second))
        guard a.fingerprint == b.fingerprint else {
            throw EvaluationError.mismatch(
                "\(first.place) and \(second.place) are evaluations of other data, so that samples cannot be paired"
            )
        }
        let pairs = Self.pairs(a.numbers, b.numbers)
        let known = [quality, first.mainQuality, second.mainQuality].compactMap { $0 }.first
        guard let known else { throw EvaluationError.mismatch("The evaluations have no quality to compare") }
        let sides = [
            Self.runs(first, a, known, pairs.map(\.0)), Self.runs(second, b, known, pairs.map(\.1)),
        ]
        for (report, runs) in zip([first, second], sides) where runs.isEmpty {
            throw EvaluationError.mismatch("\(report.place) has no \(known.title) of its samples")
        }
        rows = Self.aligned(sides[0], sides[1], alignment).compactMap { pair in
            guard let difference = bootstrap.difference(pair.0.terms, pair.1.terms) else { return nil }
            let flags = known.isFlag && !pair.0.isMixed && !pair.1.isMixed
            return Row(
                first: pair.0.side, second: pair.1.side, difference: difference,
                test: flags
                    ? McNemar(pair.0.terms.values.map { Float($0) }, pair.1.terms.values.map { Float($0) })
                    : nil)
        }
        guard !rows.isEmpty else {
            let names = sides.map { $0.map(\.side.name).joined(separator: ", ") }
            throw EvaluationError.mismatch(
                "No runs can be paired by their \(alignment.rawValue): the first has \(names[0]), the second \(names[1])"
            )
        }
        (self.first, self.second, self.quality, self.alignment) = (first, second, known, alignment)
        sampleCount = pairs.count
    }

    /// The places of the samples that both could read.
    private static func pairs(_ first: [Int], _ second: [Int]) -> [(Int, Int)] {
        let places = Dictionary(uniqueKeysWithValues: second.enumerated().map { ($1, $0) })
        return first.enumerated().compactMap { place, number in places[number].map { (place, $0) } }
    }

    /// A run with its numbers, in the order of the pairs.
    private struct Candidate {
        let side: Side
        let terms: SampleTerms
        var isMixed = false
    }

    private static func runs(
        _ report: EvaluationReport, _ records: SampleRecords, _ quality: Quality, _ order: [Int]
    ) -> [Candidate] {
        records.runs.compactMap { run in
            guard let terms = quality.terms(run.reordered(order)), let value = terms.value else {
                return nil
            }
            let known = report.runs.first { $0.budget == run.budget }
            return Candidate(
                side: Side(
                    budget: run.budget, name: ReportRun(budget: run.budget).name, macs: known?.macs,
                    value: value),
                terms: terms)
        }
    }

    private static func aligned(
        _ first: [Candidate], _ second: [Candidate], _ alignment: Alignment
    ) -> [(Candidate, Candidate)] {
        switch alignment {
        case .budget:
            if first.count == 1, first[0].side.budget == nil { return second.map { (first[0], $0) } }
            if second.count == 1, second[0].side.budget == nil { return first.map { ($0, second[0]) } }
            return first.compactMap { run in
                guard run.side.budget != nil else { return nil }
                return second.first { $0.side.budget == run.side.budget }.map { (run, $0) }
            }
        case .cost:
            let adaptive = second.filter { $0.side.budget != nil }
            let others = adaptive.isEmpty ? second : adaptive
            return first.compactMap { run in
                guard let cost = run.side.macs, run.side.budget != nil || first.count == 1 else { return nil }
                return at(cost, others).map { (run, $0) }
            }
        }
    }

    /// What runs give at a cost; nil beyond the cheapest and the costliest, where a per cent does not count.
    private static func at(_ cost: Double, _ runs: [Candidate]) -> Candidate? {
        let sorted = runs.filter { $0.side.macs != nil }.sorted { ($0.side.macs ?? 0) < ($1.side.macs ?? 0) }
        if let near = sorted.min(by: { abs(($0.side.macs ?? 0) - cost) < abs(($1.side.macs ?? 0) - cost) }),
            abs((near.side.macs ?? 0) - cost) <= 0.01 * cost
        {
            return near
        }
        guard let above = sorted.firstIndex(where: { ($0.side.macs ?? 0) > cost }), above > 0,
            let low = sorted[above - 1].side.macs, let high = sorted[above].side.macs
        else { return nil }
        let terms = sorted[above - 1].terms.mixed(sorted[above].terms, share: (cost - low) / (high - low))
        return Candidate(
            side: Side(
                budget: nil, name: "between \(sorted[above - 1].side.name) and \(sorted[above].side.name)",
                macs: cost, value: terms.value ?? .nan),
            terms: terms, isMixed: true)
    }
}
