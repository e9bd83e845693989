import Foundation

/// Which of several processes of one run this is, and where they meet.
///
/// Read from the environment that `torchrun` sets, or from that of a Slurm step, where the user names the
/// meeting point.
public struct ProcessLaunch: Sendable, Equatable {
    /// Number of this process, from 0.
    public let rank: Int
    /// Number of processes.
    public let size: Int
    /// Number of this process among those of its machine, from 0; nil where it is not told.
    public let localRank: Int?
    /// Name or address of the machine of process 0.
    public let host: String
    /// Port at which process 0 listens.
    public let port: Int

    public init(rank: Int, size: Int, localRank: Int? = nil, host: String, port: Int) {
        self.rank = rank
        self.size = size
        self.localRank = localRank
        self.host = host
        self.port = port
    }

    /// What the variables `RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `MASTER_ADDR` and `MASTER_PORT` say; without the
    /// first two, `SLURM_PROCID`, `SLURM_NTASKS` and `SLURM_LOCALID` of a step that `srun` started.
    ///
    /// - Returns: nil where nothing is set, or one process alone: then there is nobody to meet.
    /// - Throws: ``LaunchError`` for a variable that is missing or makes no sense.
    public static func read(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> ProcessLaunch? {
        // Slurm sets its variables for the script around the steps too, which is one process.
        let isStep = environment["SLURM_STEP_ID"] != nil && environment["SLURM_PROCID"] != nil
        let names =
            if environment["RANK"] != nil || environment["WORLD_SIZE"] != nil {
                (rank: "RANK", size: "WORLD_SIZE", local: "LOCAL_RANK")
            } else if isStep {
                (rank: "SLURM_PROCID", size: "SLURM_NTASKS", local: "SLURM_LOCALID")
            } else {
                (rank: "", size: "", local: "")
            }
        if names.size.isEmpty { return nil }

        func number(_ name: String, in range: ClosedRange<Int>, _ meaning: String) throws -> Int {
            guard let text = environment[name], !text.isEmpty else {
                throw LaunchError.missing(name, meaning: meaning)
            }
            guard let value = Int(text), range.contains(value) else {
                throw LaunchError.invalid(name, expected: meaning, found: text)
            }
            return value
        }
        let size = try number(names.size, in: 1...1_000_000, "the number of processes")
        let rank = try number(
            names.rank, in: 0...size - 1,
            "this process's number, 0 to \(size - 1) as \(names.size) is \(size)")
        if size == 1 { return nil }
        var localRank: Int?
        if environment[names.local] != nil {
            localRank = try number(
                names.local, in: 0...127, "this process's number on its machine, 0 to 127")
        }
        guard let host = environment["MASTER_ADDR"], !host.isEmpty else {
            throw LaunchError.missing("MASTER_ADDR", meaning: "the machine of process 0")
        }
        let port = try number("MASTER_PORT", in: 1...65535, "a free port there, 1 to 65535")
        return ProcessLaunch(rank: rank, size: size, localRank: localRank, host: host, port: port)
    }
}
