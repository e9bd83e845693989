import Foundation
import Synchronization
import TestSupport

/// A value that several threads change.
final class Box<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    init(_ value: Value) { storage = Mutex(value) }

    var value: Value {
        get { storage.withLock { $0 } }
        set { storage.withLock { $0 = newValue } }
    }

    func append<Element>(_ element: Element) where Value == [Element] {
        storage.withLock { $0.append(element) }
    }
}

extension TemporaryFolder {
    func contains(_ name: String) -> Bool { FileManager.default.fileExists(atPath: self[name].path) }
}
