import Foundation
import Preprocessing
import Synchronization
import Torch

/// What is done with samples that cannot be read, and which they were.
public final class BadSamples: Sendable {
    /// One sample that was left out.
    public struct Entry: Sendable, Hashable {
        /// The file, with the line or the member of an archive where there is one.
        public let place: String
        public let reason: String
    }

    /// Whether they are left out and noted; else the first one stops the work.
    public let areSkipped: Bool
    private let found = Mutex<Set<Entry>>([])

    public init(areSkipped: Bool = false) {
        self.areSkipped = areSkipped
    }

    /// What was left out up to now, each once, in the order of the places.
    public var entries: [Entry] {
        found.withLock { Array($0) }.sorted {
            ($0.place, $0.reason).0 == $1.place ? $0.reason < $1.reason : $0.place < $1.place
        }
    }

    /// Runs `body` for the sample at a place.
    ///
    /// - Returns: nil when it failed and bad samples are left out.
    /// - Throws: ``DatasetError/sample(place:_:)``; failures that are not the sample's fault,
    ///   such as a lack of memory, as they are.
    public func keep<Value>(_ place: @autoclosure () -> String, _ body: () throws -> Value) throws -> Value? {
        do {
            return try body()
        } catch let error where Self.isNotTheSamples(error) {
            throw error
        } catch {
            try add(place(), Self.reason(error))
            return nil
        }
    }

    /// Notes a sample that is bad.
    ///
    /// - Throws: ``DatasetError/sample(place:_:)`` unless bad samples are left out.
    public func add(_ place: String, _ reason: String) throws {
        guard areSkipped else { throw DatasetError.sample(place: place, reason) }
        found.withLock { _ = $0.insert(Entry(place: place, reason: reason)) }
    }

    private static func isNotTheSamples(_ error: any Error) -> Bool {
        if case PreprocessingError.missingLibrary = error { return true }
        return error is TorchError
    }

    private static func reason(_ error: any Error) -> String {
        if case DatasetError.reason(let reason) = error { return reason }
        let text = error.localizedDescription
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
