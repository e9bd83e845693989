import Torch

/// What an evaluation found for some of its batches.
struct EvaluationPart {
    /// What one run found.
    struct Run {
        var values: [Measure: [Float]] = [:]
        /// For each adaptive module at index k the tokens that ran k learners.
        var histograms: [[Int]] = []
        /// `[samples, width]` float32 of unit length, on the host, of the samples whose embeddings are kept.
        var embeddings: [Tensor] = []
    }

    /// The samples in the order of the batches, by their numbers in the data.
    var numbers: [Int] = []
    var tokenCounts: [Int] = []
    /// Empty for data without classes.
    var labels: [Int] = []
    /// The samples whose embeddings are kept.
    var embedded: [Int] = []
    var runs: [Run]

    init(runCount: Int) { runs = Array(repeating: Run(), count: runCount) }

    mutating func append(_ part: EvaluationPart) {
        numbers += part.numbers
        tokenCounts += part.tokenCounts
        labels += part.labels
        embedded += part.embedded
        for (place, run) in part.runs.enumerated() {
            runs[place].values.merge(run.values, uniquingKeysWith: +)
            runs[place].embeddings += run.embeddings
            // A part without batches has no histograms.
            if run.histograms.isEmpty { continue }
            runs[place].histograms =
                runs[place].histograms.isEmpty
                ? run.histograms
                : zip(runs[place].histograms, run.histograms).map { zip($0, $1).map(+) }
        }
    }

    /// As tensors by name, for a file; see ``init(_:runCount:)``.
    func tensors() throws -> [(name: String, tensor: Tensor)] {
        var found: [(name: String, tensor: Tensor)] = [
            ("numbers", try Tensor(numbers)), ("tokens", try Tensor(tokenCounts)),
            ("labels", try Tensor(labels)),
            ("embedded", try Tensor(embedded)),
        ]
        for (place, run) in runs.enumerated() {
            for (measure, numbers) in run.values {
                found.append(("\(place).\(measure.rawValue)", try Tensor(numbers)))
            }
            for (module, histogram) in run.histograms.enumerated() {
                found.append(("\(place).histogram.\(module)", try Tensor(histogram)))
            }
            if !run.embeddings.isEmpty {
                found.append(("\(place).embeddings", try .concatenated(run.embeddings)))
            }
        }
        return found
    }

    /// - Throws: ``EvaluationError/mismatch(_:)`` for tensors of another kind.
    init(_ tensors: [String: Tensor], runCount: Int) throws {
        func integers(_ name: String) throws -> [Int] {
            guard let tensor = tensors[name] else {
                throw EvaluationError.mismatch("A part of an evaluation lacks \"\(name)\"")
            }
            return try tensor.array(of: Int.self)
        }
        self.init(runCount: runCount)
        numbers = try integers("numbers")
        tokenCounts = try integers("tokens")
        labels = try integers("labels")
        embedded = try integers("embedded")
        for place in 0..<runCount {
            for measure in Measure.allCases {
                runs[place].values[measure] = try tensors["\(place).\(measure.rawValue)"]?.array(
                    of: Float.self)
            }
            while let histogram = tensors["\(place).histogram.\(runs[place].histograms.count)"] {
                runs[place].histograms.append(try histogram.array(of: Int.self))
            }
            runs[place].embeddings = tensors["\(place).embeddings"].map { [$0] } ?? []
        }
    }
}
