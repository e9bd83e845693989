import Foundation

/// One client of a ``LocalServer``, served in a thread of its own until one side hangs up.
struct LocalConnection {
    private let descriptor: Int32
    private let record: LocalServer.Record

    init(_ descriptor: Int32, _ record: LocalServer.Record) {
        self.descriptor = descriptor
        self.record = record
    }

    func serve() {
        while let request = read() {
            record.requests.withLock { $0.append(request) }
            guard answer(request, record.respond(request)) else { break }
        }
        close(descriptor)
    }

    /// The next request, of those without a body.
    private func read() -> LocalServer.Request? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            var byte: UInt8 = 0
            guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
            bytes.append(byte)
        }
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        let start = lines[0].split(separator: " ").map(String.init)
        guard start.count == 3 else { return nil }
        let fields = lines.dropFirst().compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (
                line[..<colon].lowercased(),
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            )
        }
        return LocalServer.Request(
            method: start[0], target: start[1], fields: Dictionary(fields) { first, _ in first })
    }

    /// Whether the connection is still good.
    private func answer(_ request: LocalServer.Request, _ response: LocalServer.Response) -> Bool {
        var head = "HTTP/1.1 \(response.status) Status\r\n"
        for (name, value) in response.fields { head += "\(name): \(value)\r\n" }
        head +=
            response.isChunked
            ? "Transfer-Encoding: chunked\r\n"
            : "Content-Length: \(response.claimedLength ?? response.body.count)\r\n"
        if response.body.isEmpty { Thread.sleep(forTimeInterval: response.silence) }
        guard send(Data((head + "\r\n").utf8)) else { return false }
        if request.method == "HEAD" { return true }
        if !response.body.isEmpty, response.cutAfter == nil {
            Thread.sleep(forTimeInterval: response.silence)
        }
        let body = response.body.prefix(response.cutAfter ?? response.body.count)
        let isSent =
            response.isChunked
            ? send(Data("\(String(body.count, radix: 16))\r\n".utf8) + body + Data("\r\n0\r\n\r\n".utf8))
            : send(body)
        if isSent { record.bodyByteCount.withLock { $0 += body.count } }
        if response.cutAfter != nil { Thread.sleep(forTimeInterval: response.silence) }
        return isSent && response.cutAfter == nil && response.claimedLength == nil
    }

    private func send(_ data: Data) -> Bool {
        data.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) -> Bool in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Foundation.send(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count,
                    Int32(MSG_NOSIGNAL))
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}
