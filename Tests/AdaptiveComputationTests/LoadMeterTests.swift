import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

@Suite struct LoadMeterTests {
    private let first = SlotPlace(block: 0, kind: .feedForward)
    private let second = SlotPlace(block: 1, kind: .query)

    private func meter() -> LoadMeter {
        LoadMeter([
            ModuleLoad(place: first, learnerCost: 10, learnerCount: 4),
            ModuleLoad(place: second, learnerCost: 30, learnerCount: 2),
        ])
    }

    @Test func paddingIsNotCountedAndCostsWeigh() throws {
        var meter = meter()
        let mask = try Tensor([true, true, true, false, true, false], shape: [2, 3])
        try meter.add(Tensor([4, 1, 0, 4, 1, 4], shape: [2, 3]), mask: mask, at: first)
        try meter.add(Tensor([2, 0, 0, 2, 0, 2], shape: [2, 3]), mask: mask, at: second)
        #expect(meter.modules[0].histogram == [1, 2, 0, 0, 1])
        #expect(meter.modules[1].histogram == [3, 0, 1])
        // (10 · 6 + 30 · 2) / (10 · 16 + 30 · 8)
        #expect(abs(meter.load - 120.0 / 400) < 1e-12)
        #expect(meter.modules[0].commonestChoice == 1)
        #expect(meter.modules[0].commonestShare == 0.5)
        #expect(meter.collapsed.isEmpty)
    }

    @Test func batchesAddUp() throws {
        var meter = meter()
        for _ in 0..<3 { try meter.add(Tensor([2, 3], shape: [1, 2]), mask: nil, at: first) }
        #expect(meter.modules[0].histogram == [0, 0, 3, 3, 0])
    }

    @Test func theAlarmStartsAtTheThreshold() throws {
        var meter = meter()
        let choices = Array(repeating: 3, count: 99) + [1]
        try meter.add(Tensor(choices, shape: [1, 100]), mask: nil, at: first)
        try meter.add(
            Tensor([1] + Array(repeating: 2, count: 98) + [1], shape: [1, 100]), mask: nil, at: second)
        #expect(meter.collapsed == [first])
    }

    @Test func anUnknownModuleOrChoiceIsRefused() throws {
        var meter = meter()
        let choices = try Tensor([3], shape: [1, 1])
        #expect(throws: ModelError.self) { try meter.add(choices, mask: nil, at: second) }
        let other = SlotPlace(block: 9, kind: .key)
        #expect(throws: ModelError.self) { try meter.add(choices, mask: nil, at: other) }
    }

    @Test func aDenseModelRunsAll() {
        #expect(LoadMeter([]).load == 1)
    }
}
