import Foundation
import Synchronization
import Torch

/// The files of many shards, of which only so many are open at once.
final class ShardFiles: Sendable {
    let urls: [URL]
    private let capacity: Int
    private let open = Mutex<(files: [Int: RegularFile], order: [Int])>(([:], []))

    init(_ urls: [URL], capacity: Int = 64) {
        self.urls = urls
        self.capacity = capacity
    }

    func callAsFunction(_ shard: Int) throws -> RegularFile {
        try open.withLock { open in
            if let file = open.files[shard] { return file }
            let file = try RegularFile(urls[shard])
            if open.order.count >= capacity { open.files[open.order.removeFirst()] = nil }
            open.files[shard] = file
            open.order.append(shard)
            return file
        }
    }
}
