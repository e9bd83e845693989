import Foundation
import TestSupport
import Testing

@testable import Evaluation

/// Counters as Linux shows them, in a folder of the test's own.
@Suite struct ProcessorEnergyTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func add(_ zone: String, _ name: String, _ energy: String, range: String = "262143328850") throws
    {
        let directory = folder[zone]
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (file, text) in [("name", name), ("energy_uj", energy), ("max_energy_range_uj", range)] {
            try folder.add("\(zone)/\(file)", Data("\(text)\n".utf8))
        }
    }

    @Test func packagesAreAddedUp() throws {
        try add("intel-rapl:0", "package-0", "1000000")
        try add("intel-rapl:1", "package-1", "5000000")
        try add("intel-rapl:0:0", "core", "100")
        try add("intel-rapl:2", "psys", "200")
        try add("dtpm", "package-9", "300")
        let joules = try ProcessorEnergy(folder.url).joules {
            try add("intel-rapl:0", "package-0", "1250000")
            try add("intel-rapl:1", "package-1", "7000000")
            try add("intel-rapl:0:0", "core", "999999")
            try add("intel-rapl:2", "psys", "999999")
            try add("dtpm", "package-9", "999999")
        }
        #expect(abs(joules - 2.25) < 1e-9)
    }

    @Test func aFullCounterStartsAgain() throws {
        try add("intel-rapl:0", "package-0", "9500000", range: "10000000")
        let joules = try ProcessorEnergy(folder.url).joules {
            try add("intel-rapl:0", "package-0", "250000", range: "10000000")
        }
        #expect(abs(joules - 0.75) < 1e-9)
    }

    @Test func whatIsMissingIsSaid() throws {
        func refusal() -> String? {
            #expect(throws: EvaluationError.self) { try ProcessorEnergy(folder.url) }?.localizedDescription
        }
        let none = "\(folder.url.path) has no counter of a processor's package."
        #expect(refusal() == none)
        try add("intel-rapl:0:0", "core", "100")
        #expect(refusal() == none)
        try add("intel-rapl:0", "package-0", "many")
        #expect(refusal()?.contains("energy_uj has \"many\" instead of microjoules") == true)
        // A folder cannot be read as a file, whoever asks.
        try FileManager.default.removeItem(at: folder["intel-rapl:0/energy_uj"])
        try FileManager.default.createDirectory(
            at: folder["intel-rapl:0/energy_uj"], withIntermediateDirectories: true)
        #expect(refusal()?.hasSuffix("intel-rapl:0/energy_uj cannot be read by this user.") == true)
        #expect(throws: EvaluationError.self) { try ProcessorEnergy(folder["nowhere"]) }
    }
}
