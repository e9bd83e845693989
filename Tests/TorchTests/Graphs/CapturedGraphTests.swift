import Testing

@testable import Torch

@Suite struct CapturedGraphTests {
    /// Devices of this machine whose work can be recorded.
    static let devices: [Device] = {
        guard (try? Device.count(of: .cuda)) ?? 0 > 0,
            (try? CapturedGraph(on: .cuda) { [try .ones([1], device: .cuda)] }) != nil
        else { return [] }
        return [.cuda]
    }()

    @Test func workElsewhereIsRefused() throws {
        var runs = 0
        let error = #expect(throws: TorchError.self) {
            try CapturedGraph(on: .cpu) {
                runs += 1
                return []
            }
        }
        guard case .unavailable(let text)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("CUDA") && runs == 0)
        #expect(throws: TorchError.self) { try CapturedGraph(on: Device(.cuda, index: 127)) { [] } }
    }

    @Test(arguments: devices) func aLaunchReadsWhatIsThere(device: Device) throws {
        let input = try Tensor.ones([3], device: device)
        var offset: Float = 2
        let graph = try CapturedGraph(on: device) { [try input * 10 + Tensor([offset]).to(device)] }
        try input.copyInPlace(from: Tensor([1, 2, 3] as [Float]))
        offset = 5  // a constant of the graph
        try graph.replay()
        #expect(try graph.results[0].array(of: Float.self) == [12, 22, 32])
        let kept = try graph.results[0].clone()
        try input.fillInPlace(0)
        try graph.replay()
        #expect(try graph.results[0].array(of: Float.self) == [2, 2, 2])
        #expect(try kept.array(of: Float.self) == [12, 22, 32])
    }

    @Test(arguments: devices) func workThatWaitsIsNamed(device: Device) throws {
        struct Stop: Error {}
        let input = try Tensor.ones([3], device: device)
        let mask = try Tensor([true, false, true]).to(device)
        let error = #expect(throws: TorchError.self) {
            try CapturedGraph(on: device) { [try input.rows(where: mask)] }
        }
        #expect(error?.localizedDescription.contains("aten::") == true, "\(String(describing: error))")
        let reading = #expect(throws: TorchError.self) {
            try CapturedGraph(on: device) { [try input * Double(input.sum().item(Float.self))] }
        }
        #expect(reading?.localizedDescription.contains("from the device to the host") == true)
        #expect(throws: Stop.self) { try CapturedGraph(on: device) { throw Stop() } }
        // And the device works as before.
        let graph = try CapturedGraph(on: device) { [try input + input] }
        try graph.replay()
        #expect(try graph.results[0].array(of: Float.self) == [2, 2, 2])
    }
}

/// What stands for copies to a device here is a copy on the host.
@Suite struct HostConstantsTests {
    private func copy(_ constants: HostConstants, _ numbers: [Float]) throws -> Tensor {
        try constants.copy(Tensor(numbers), .cpu, .float32) { try Tensor(numbers).clone() }
    }

    @Test func copiesAreMadeOnce() throws {
        let constants = HostConstants()
        let runs = try [false, false, true].map { isRecorded in
            try constants.using(isRecorded: isRecorded) {
                #expect(HostConstants.current === constants && constants.isRecording == isRecorded)
                return [try copy(constants, [1, 2]), try copy(constants, [3])]
            }
        }
        #expect(HostConstants.current == nil && !constants.isRecording)
        for place in 0..<2 { #expect(runs.allSatisfy { $0[place] === runs[0][place] }) }
        #expect(try runs[2].map { try $0.array(of: Float.self) } == [[1, 2], [3]])
    }

    @Test(arguments: [[[1, 3]], [[1, 2], [3]], [[1]]] as [[[Float]]])
    func otherCopiesThanBeforeAreRefused(second: [[Float]]) throws {
        let constants = HostConstants()
        _ = try constants.using(isRecorded: false) { try copy(constants, [1, 2]) }
        let error = #expect(throws: TorchError.self) {
            try constants.using(isRecorded: true) {
                for numbers in second { _ = try copy(constants, numbers) }
            }
        }
        #expect(error?.localizedDescription.contains("other numbers") == true)
    }

    @Test func failuresAreExplainedWhileRecordingAlone() throws {
        let constants = HostConstants()
        let error = TorchError.failure("CUDA error: operation not permitted\nmore")
        #expect(HostConstants.explained(error, by: "aten::nonzero") == error)
        try constants.using(isRecorded: false) {
            #expect(HostConstants.explained(error, by: "aten::nonzero") == error)
        }
        try constants.using(isRecorded: true) {
            #expect(
                HostConstants.explained(error, by: "aten::nonzero").localizedDescription
                    == "aten::nonzero cannot be recorded as part of a CUDA graph: CUDA error: operation not permitted"
            )
            #expect(throws: TorchError.self) { try HostConstants.refuseReading(Tensor([1] as [Float])) }
        }
        try HostConstants.refuseReading(Tensor([1] as [Float]))
    }
}
