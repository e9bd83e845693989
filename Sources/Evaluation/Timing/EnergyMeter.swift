import Torch

/// Tells the energy that some work takes.
public protocol EnergyMeter: Sendable {
    /// What was asked, for example `NVML`.
    var name: String { get }
    /// Joules from before the work to after it, of all that runs there meanwhile.
    func joules(during work: () throws -> Void) throws -> Double
}

/// The energy of an NVIDIA device, as NVML tells it.
public struct DeviceEnergy: EnergyMeter {
    public let name = "NVML"
    private let device: Device

    /// - Throws: `TorchError.unavailable(_:)` where NVML does not tell it.
    public init(_ device: Device) throws {
        self.device = device
        _ = try device.energy()
    }

    public func joules(during work: () throws -> Void) throws -> Double {
        let before = try device.energy()
        try work()
        return try device.energy() - before
    }
}
