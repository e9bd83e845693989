import Foundation

/// The energy of the machine's processors, as Linux tells it: RAPL's counters of packages, without those of memory.
///
/// A counter starts again from zero when it is full, after minutes: work between two looks must be shorter.
public struct ProcessorEnergy: EnergyMeter {
    public let name = "RAPL"
    private let counters: [Counter]

    /// - Parameter folder: with a folder for each counter, `intel-rapl:0` and so on; AMD's have that name too.
    /// - Throws: ``EvaluationError/noEnergy(_:)`` where there are none, or they cannot be read.
    public init(_ folder: URL = URL(fileURLWithPath: "/sys/class/powercap")) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        counters = try names.sorted().filter { $0.hasPrefix("intel-rapl:") }
            .map { folder.appendingPathComponent($0) }
            .filter { (try? Self.text($0, "name"))?.hasPrefix("package") ?? false }
            .map(Counter.init)
        guard !counters.isEmpty else {
            throw EvaluationError.noEnergy("\(folder.path) has no counter of a processor's package")
        }
    }

    public func joules(during work: () throws -> Void) throws -> Double {
        let before = try counters.map { try $0.microjoules() }
        try work()
        return try zip(counters, before).reduce(0) { $0 + Double(try $1.0.taken(since: $1.1)) } / 1e6
    }

    private struct Counter {
        let folder: URL
        /// The highest value before zero.
        let range: Int

        init(_ folder: URL) throws {
            self.folder = folder
            range = try ProcessorEnergy.number(folder, "max_energy_range_uj")
            _ = try microjoules()
        }

        func microjoules() throws -> Int { try ProcessorEnergy.number(folder, "energy_uj") }

        func taken(since before: Int) throws -> Int {
            let now = try microjoules()
            return now >= before ? now - before : now + range - before
        }
    }

    private static func text(_ folder: URL, _ name: String) throws -> String {
        let file = folder.appendingPathComponent(name)
        do {
            // The kernel makes these as they are read, and does not tell their size.
            let handle = try FileHandle(forReadingFrom: file)
            return String(decoding: try handle.read(upToCount: 4096) ?? Data(), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw EvaluationError.noEnergy("\(file.path) cannot be read by this user")
        }
    }

    private static func number(_ folder: URL, _ name: String) throws -> Int {
        let text = try text(folder, name)
        guard let number = Int(text), number >= 0 else {
            throw EvaluationError.noEnergy(
                "\(folder.appendingPathComponent(name).path) has \"\(text)\" instead of microjoules")
        }
        return number
    }
}
