import Testing

@testable import Torch

@Suite struct TensorTests {
    @Test func arraysComeBackAsTheyWent() throws {
        let tensor = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        #expect(tensor.shape == [2, 3])
        #expect(tensor.strides == [3, 1])
        #expect(tensor.dataType == .float32)
        #expect(tensor.device == .cpu)
        #expect(try tensor.array(of: Float.self) == [1, 2, 3, 4, 5, 6])
        #expect(try tensor.transposed(0, 1).array(of: Double.self) == [1, 4, 2, 5, 3, 6])
    }

    @Test func wrongElementCountIsRefused() {
        #expect(throws: TorchError.self) { try Tensor([1, 2, 3] as [Float], shape: [2, 2]) }
    }

    @Test func viewsShareMemory() throws {
        let tensor = try Tensor.zeros([2, 2])
        try tensor.select(0, axis: 0).fillInPlace(7)
        #expect(try tensor.array(of: Float.self) == [7, 7, 0, 0])
    }

    @Test func memoryOutlivesItsViewsOwner() throws {
        func view() throws -> Tensor {
            try Tensor([1, 2, 3, 4] as [Float], shape: [4]).slice(2..<4, axis: 0)
        }
        #expect(try view().array(of: Float.self) == [3, 4])
    }

    @Test func libtorchsErrorsAreThrown() throws {
        let error = #expect(throws: TorchError.self) {
            try Tensor.zeros([2, 3]).matmul(.zeros([2, 3]))
        }
        #expect(error?.localizedDescription.contains("cannot be multiplied") == true)
    }

    @Test func unknownOperatorIsNamed() throws {
        let error = #expect(throws: TorchError.self) { try Operator("aten::no_such_thing")() }
        #expect(error?.localizedDescription.contains("aten::no_such_thing") == true)
    }

    @Test func wrongArgumentIsNamed() throws {
        let error = #expect(throws: TorchError.self) { try Operator("aten::relu")(.int(1)) }
        #expect(error?.localizedDescription.contains("'self' expects Tensor") == true)
        #expect(throws: TorchError.self) { try Operator("aten::relu")() }
        let tensor = try Tensor.zeros([1])
        #expect(throws: TorchError.self) { try Operator("aten::relu")(.tensor(tensor), .int(1)) }
    }

    @Test func devicesAreParsed() {
        #expect(Device("cpu") == .cpu)
        #expect(Device("cuda:1") == Device(.cuda, index: 1))
        for text in ["", "gpu", "cuda:", "cuda:x", "cpu:1", "cuda:1:2", "cuda:128"] {
            #expect(Device(text) == nil)
        }
    }

    @Test func absentDeviceIsRefused() throws {
        let count = try Device.count(of: .cuda)
        #expect(throws: TorchError.self) { try Device(.cuda, index: count).requireAvailable() }
    }

    @Test func reductionsAndIndexing() throws {
        let tensor = try Tensor([3, 1, 2, 6, 5, 4] as [Float], shape: [2, 3])
        #expect(try tensor.sum(axis: 1).array(of: Float.self) == [6, 15])
        #expect(try tensor.argMax(axis: 1).array(of: Int.self) == [0, 0])
        #expect(try tensor.cumulativeSum(axis: 1).array(of: Float.self) == [3, 4, 6, 6, 11, 15])
        #expect(try tensor.sorted().values.array(of: Float.self) == [1, 2, 3, 4, 5, 6])
        #expect(try tensor.largest(1).indices.array(of: Int.self) == [0, 0])
        #expect(try tensor.entries(Tensor([1, 0])).array(of: Float.self) == [6, 5, 4, 3, 1, 2])
        #expect(try tensor.rows(where: Tensor([false, true])).array(of: Float.self) == [6, 5, 4])
        #expect(try Tensor([2, 0]).oneHot(3).array(of: Int.self) == [0, 0, 1, 1, 0, 0])
    }

    @Test func seedsRepeat() throws {
        try Runtime.seed(7)
        let first = try Tensor.normal([8]).array(of: Float.self)
        try Runtime.seed(7)
        #expect(try Tensor.normal([8]).array(of: Float.self) == first)
    }
}
