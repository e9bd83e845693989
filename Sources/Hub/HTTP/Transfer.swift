import CHub
import Foundation

/// What libcurl's callbacks collect.
final class Transfer {
    private let cancellation: Cancellation
    private let body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    private var response: HTTPResponse?
    private var error: (any Error)?
    private var passedOverCount = 0

    /// An error page is read so far, to keep the connection, and no further.
    private static let passedOverLimit = 1 << 16  // bytes

    init(
        _ cancellation: Cancellation,
        _ body: @escaping (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    ) {
        self.cancellation = cancellation
        self.body = body
    }

    /// Sets the callbacks, which must not be called after this object is gone.
    func fill(_ request: inout hub_request) {
        request.context = Unmanaged.passUnretained(self).toOpaque()
        request.on_header = { context, line, count in
            Transfer.from(context)?.take(header: UnsafeRawBufferPointer(start: line, count: count)) ?? false
        }
        request.on_body = { context, bytes, count in
            Transfer.from(context)?.take(UnsafeRawBufferPointer(start: bytes, count: count)) ?? false
        }
        request.goes_on = { context in Transfer.from(context).map { !$0.cancellation.isCancelled } ?? false }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func take(header bytes: UnsafeRawBufferPointer) -> Bool {
        let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
        // Each answer starts anew: 100 Continue comes before the real one.
        if let start = HTTPResponse(statusLine: line) {
            response = start
        } else {
            response?.add(line: line)
        }
        return true
    }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let response, !cancellation.isCancelled else { return false }
        guard response.isSuccess else {
            passedOverCount += bytes.count
            return passedOverCount <= Self.passedOverLimit
        }
        do {
            try body(response, bytes)
            return true
        } catch {
            self.error = error
            return false
        }
    }

    /// What came of the transfer.
    ///
    /// - Throws: the error of `body`, or `TransferError`.
    func end(status: Int32, code: Int32, message: String) throws -> HTTPResponse {
        if let error { throw error }
        if passedOverCount > Self.passedOverLimit, let response { return response }
        if status == HUB_STOPPED { throw TransferError.cancelled }
        guard status == HUB_DONE else { throw TransferError(code: code, message: message) }
        guard let response else {
            throw TransferError.connection(reason: "no HTTP answer came", isTransient: true)
        }
        return response
    }
}
