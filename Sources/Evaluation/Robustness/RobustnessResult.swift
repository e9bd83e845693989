import Foundation
import Torch

/// How classifiers do on corrupted images: error, load and drift by corruption, severity and run.
public struct RobustnessResult: Sendable, Equatable {
    /// One run on one kind of images.
    public struct Cell: Sendable, Equatable {
        /// The name of the corruption; nil for clean images.
        public let corruption: String?
        /// 0 for clean images.
        public let severity: Int
        /// The load that was asked for; nil for a dense model.
        public let budget: Double?
        public let sampleCount: Int
        public let errorCount: Int
        /// The load that the gates chose; 1 for a dense model.
        public let load: Double
        /// How far choices are from those on calibration data, in bits; nil without a calibration.
        public let drift: Double?
        /// Whether the guard against drift would have raised an alarm.
        public let isAlarm: Bool

        /// Share of the samples whose likeliest class is not their label.
        public var error: Double { Double(errorCount) / Double(max(sampleCount, 1)) }
    }

    public let cells: [Cell]
    /// What was evaluated on what.
    public var about: JSONValue

    public static let fileName = "robustness.json"

    public init(cells: [Cell], about: JSONValue = [:]) {
        self.cells = cells
        self.about = about
    }

    /// In the order in which they ran.
    public var corruptions: [String] { unique(cells.compactMap(\.corruption)) }
    public var severities: [Int] { unique(cells.filter { $0.corruption != nil }.map(\.severity)).sorted() }
    /// The dense model's first, as nil.
    public var budgets: [Double?] { unique(cells.map(\.budget)) }

    public func cell(_ corruption: String?, _ severity: Int, budget: Double?) -> Cell? {
        cells.first { $0.corruption == corruption && $0.severity == severity && $0.budget == budget }
    }

    /// The mean over all corruptions and severities of the error of a run.
    public func meanError(budget: Double?) -> Double? {
        let errors = cells.filter { $0.corruption != nil && $0.budget == budget }.map(\.error)
        return errors.isEmpty ? nil : errors.reduce(0, +) / Double(errors.count)
    }

    /// The mean corruption error of a run against the dense model: the mean over corruptions of
    /// `Σ error / Σ dense error`, sums over severities. Above 1 the run suffers more.
    ///
    /// - Returns: nil without a dense run, or where it makes no error under some corruption.
    /// - Source: Hendrycks & Dietterich 2019, section 4, with the dense model for AlexNet.
    public func meanCorruptionError(budget: Double?) -> Double? {
        let quotients = corruptions.map { corruption -> Double? in
            func sum(_ budget: Double?) -> Double {
                cells.filter { $0.corruption == corruption && $0.budget == budget }.reduce(0) {
                    $0 + $1.error
                }
            }
            return sum(nil) > 0 ? sum(budget) / sum(nil) : nil
        }
        let known = quotients.compactMap { $0 }
        guard !known.isEmpty, known.count == quotients.count else { return nil }
        return known.reduce(0, +) / Double(known.count)
    }

    private func unique<Value: Equatable>(_ values: [Value]) -> [Value] {
        values.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Keys: `format` (1), `about`, `summary` (for each run `budget`, null for a dense model, `clean_error`,
    /// `mean_error`, `mean_corruption_error`, null where unknown, `alarms`) and `cells` (`corruption`, null for
    /// clean images, `severity`, `budget`, `samples`, `errors`, `load`, `drift_bits`, `alarm`).
    public var json: JSONValue {
        func optional(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        return [
            "format": 1, "about": about,
            "summary": .array(
                budgets.map { budget in
                    [
                        "budget": optional(budget),
                        "clean_error": optional(cell(nil, 0, budget: budget)?.error),
                        "mean_error": optional(meanError(budget: budget)),
                        "mean_corruption_error": optional(meanCorruptionError(budget: budget)),
                        "alarms": .integer(cells.count { $0.budget == budget && $0.isAlarm }),
                    ]
                }),
            "cells": .array(
                cells.map {
                    [
                        "corruption": $0.corruption.map { .string($0) } ?? .null,
                        "severity": .integer($0.severity), "budget": optional($0.budget),
                        "samples": .integer($0.sampleCount), "errors": .integer($0.errorCount),
                        "load": .number($0.load), "drift_bits": optional($0.drift),
                        "alarm": .bool($0.isAlarm),
                    ]
                }),
        ]
    }

    /// Reads ``json``.
    ///
    /// - Throws: `JSONError`.
    public init(_ reader: JSONObjectReader) throws {
        cells = try reader.objects("cells").map { cell in
            Cell(
                corruption: try cell.optionalString("corruption"),
                severity: try cell.integer("severity", in: 0...10),
                budget: try cell.optionalDouble("budget", in: 0...1),
                sampleCount: try cell.integer("samples", in: 0...Int.max),
                errorCount: try cell.integer("errors", in: 0...Int.max), load: try cell.double("load"),
                drift: try cell.optionalDouble("drift_bits"), isAlarm: try cell.bool("alarm"))
        }
        about = reader.object["about"] ?? [:]
    }

    /// A row for each run: clean error, mean error, mean corruption error, load, drift and alarms.
    public var table: ColumnTable {
        var table = ColumnTable(
            header: [
                "budget", "clean error", "mean error", "mCE", "clean load", "mean load", "drift", "alarms",
            ])
        for budget in budgets {
            let own = cells.filter { $0.budget == budget && $0.corruption != nil }
            func mean(_ values: [Double]) -> Double? {
                values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
            }
            let clean = cell(nil, 0, budget: budget)
            table.add([
                budget.map { Markup.number($0, digits: 2) } ?? "dense",
                Markup.number(clean?.error, digits: 4),
                Markup.number(meanError(budget: budget), digits: 4),
                Markup.number(meanCorruptionError(budget: budget), digits: 3),
                budget == nil ? "–" : Markup.number(clean?.load, digits: 3),
                budget == nil ? "–" : Markup.number(mean(own.map(\.load)), digits: 3),
                Markup.number(mean(own.compactMap(\.drift)), digits: 4),
                budget == nil ? "–" : "\(own.count(where: \.isAlarm))/\(own.count)",
            ])
        }
        return table
    }
}
