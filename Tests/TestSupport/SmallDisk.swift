import Foundation

/// A file system of 256 KiB in memory, unmounted with this object.
public final class SmallDisk: Sendable {
    /// Whether this process may mount one; tests that need it are skipped otherwise.
    public static let isAvailable = (try? SmallDisk()) != nil

    public let folder: TemporaryFolder
    private let isMounted: Bool

    public init() throws {
        folder = try TemporaryFolder()
        isMounted = Self.run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder.url.path)
        if !isMounted {
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    deinit {
        if isMounted {
            _ = Self.run("umount", folder.url.path)
        }
    }

    /// Lets nothing be written from now on.
    public func makeReadOnly() throws {
        guard Self.run("mount", "-o", "remount,ro", folder.url.path) else {
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    private static func run(_ command: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
