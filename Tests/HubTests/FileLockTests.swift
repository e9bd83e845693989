import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite struct FileLockTests {
    @Test func oneHoldsTheLockAtATime() throws {
        let folder = try TemporaryFolder()
        let (held, cancellation) = (Box(false), Cancellation())
        var lock: FileLock? = try FileLock(folder["lock"], cancellation) {}
        let group = DispatchGroup()
        let url = folder["lock"]
        DispatchQueue.global().async(group: group) {
            _ = try? FileLock(url, cancellation) { held.value = true }
        }
        while !held.value { usleep(1000) }
        withExtendedLifetime(lock) {}
        lock = nil
        group.wait()
        #expect(try folder.contents() == ["lock"])
    }
}
