import Testing

@testable import Torch

@Suite struct ProcessLaunchTests {
    let torchrun = [
        "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "node0", "MASTER_PORT": "29500",
    ]

    @Test func oneProcessHasNobodyToMeet() throws {
        #expect(try ProcessLaunch.read([:]) == nil)
        #expect(try ProcessLaunch.read(["MASTER_ADDR": "node0", "LOCAL_RANK": "1"]) == nil)
        #expect(try ProcessLaunch.read(["RANK": "0", "WORLD_SIZE": "1"]) == nil)
    }

    @Test func torchrunIsUnderstood() throws {
        #expect(
            try ProcessLaunch.read(torchrun)
                == ProcessLaunch(rank: 3, size: 4, localRank: 1, host: "node0", port: 29500))
        var variables = torchrun
        variables["LOCAL_RANK"] = nil
        #expect(try ProcessLaunch.read(variables)?.localRank == nil)
    }

    @Test func stepsOfSlurmAreUnderstood() throws {
        var variables = [
            "SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_LOCALID": "0", "MASTER_ADDR": "node0",
            "MASTER_PORT": "29500",
        ]
        // The script around the steps.
        #expect(try ProcessLaunch.read(variables) == nil)
        variables["SLURM_STEP_ID"] = "0"
        let launch = ProcessLaunch(rank: 1, size: 2, localRank: 0, host: "node0", port: 29500)
        #expect(try ProcessLaunch.read(variables) == launch)
        // What torchrun sets inside a step counts.
        #expect(try ProcessLaunch.read(variables.merging(torchrun) { $1 })?.size == 4)
    }

    @Test(arguments: [
        (
            "RANK", "4",
            "RANK in the environment must be this process's number, 0 to 3 as WORLD_SIZE is 4, found \"4\""
        ),
        ("RANK", "-1", "found \"-1\""), ("RANK", "", "but not RANK"),
        ("WORLD_SIZE", "", "but not WORLD_SIZE"),
        ("WORLD_SIZE", "0", "the number of processes, found \"0\""), ("LOCAL_RANK", "x", "found \"x\""),
        ("MASTER_ADDR", "", "but not MASTER_ADDR, the machine of process 0"),
        ("MASTER_PORT", "70000", "a free port there, 1 to 65535, found \"70000\""),
        ("MASTER_PORT", "", "but not MASTER_PORT"),
    ])
    func wrongVariablesAreNamed(name: String, value: String, part: String) {
        var variables = torchrun
        variables[name] = value
        let error = #expect(throws: LaunchError.self) { try ProcessLaunch.read(variables) }
        #expect(error?.localizedDescription.contains(part) == true, "\(String(describing: error))")
    }
}
