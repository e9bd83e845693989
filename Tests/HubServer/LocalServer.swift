import Foundation
import Synchronization

/// An HTTP/1.1 server on a free port of this machine, which can also do what servers must not.
public final class LocalServer: Sendable {
    public struct Request: Sendable {
        public let method: String
        /// Path and query as they came.
        public let target: String
        /// By name in lower case.
        public let fields: [String: String]

        public var path: String { String(target.prefix { $0 != "?" }) }
        public subscript(name: String) -> String? { fields[name] }
    }

    public struct Response: Sendable {
        public var status: Int
        public var fields: [String: String]
        public var body: Data
        /// What `Content-Length` says, if not the truth.
        public var claimedLength: Int?
        /// After so many bytes of the body the connection breaks.
        public var cutAfter: Int?
        /// Seconds of silence: before the connection breaks, else before the body, or before the head
        /// if there is no body.
        public var silence = 0.0
        /// Sent in pieces without a `Content-Length`.
        public var isChunked = false

        public init(_ status: Int = 200, _ fields: [String: String] = [:], body: Data = Data()) {
            self.status = status
            self.fields = fields
            self.body = body
        }
    }

    /// What connections of one server share.
    final class Record: Sendable {
        let requests = Mutex<[Request]>([])
        let bodyByteCount = Mutex(0)
        let respond: @Sendable (Request) -> Response

        init(_ respond: @escaping @Sendable (Request) -> Response) { self.respond = respond }
    }

    private let listener: Int32
    private let port: UInt16
    private let record: Record

    public init(_ respond: @escaping @Sendable (Request) -> Response) throws {
        record = Record(respond)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (listener, length) = (listener, size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        port = UInt16(bigEndian: address.sin_port)
        let record = record
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                Thread.detachNewThread { LocalConnection(client, record).serve() }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Such as `http://127.0.0.1:40123`.
    public var address: String { "http://127.0.0.1:\(port)" }

    /// All that came, in order.
    public var requests: [Request] { record.requests.withLock { $0 } }

    /// Bytes of bodies that went out.
    public var bodyByteCount: Int { record.bodyByteCount.withLock { $0 } }
}
