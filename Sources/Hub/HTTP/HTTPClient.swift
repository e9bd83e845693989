import CHub
import Foundation

/// Sends one request after the other, and keeps the connections open between them. For one thread
/// at a time.
final class HTTPClient {
    private let client: OpaquePointer
    private let settings: HubSettings
    private let cancellation: Cancellation

    /// - Throws: `HubError.noLibrary`.
    init(_ settings: HubSettings, cancellation: Cancellation) throws {
        var client: OpaquePointer?
        var message = [CChar](repeating: 0, count: 256)
        guard hub_client_create(&client, &message, message.count) == HUB_DONE, let client else {
            throw HubError.noLibrary("libcurl", reason: String(message))
        }
        self.client = client
        self.settings = settings
        self.cancellation = cancellation
    }

    deinit { hub_client_free(client) }

    /// Sends one request; redirects are not followed.
    ///
    /// - Parameters:
    ///   - fields: header fields, `Name: value`.
    ///   - body: gets the head of an answer that is a success and a piece of its content, in order;
    ///     its error ends the transfer. The content of other answers is passed over.
    /// - Throws: what `body` throws, or `TransferError`.
    func send(
        _ url: URL, isHead: Bool, fields: [String],
        body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    ) throws -> HTTPResponse {
        try cancellation.check()
        return try withoutActuallyEscaping(body) { body in
            let transfer = Transfer(cancellation, body)
            var (code, message): (Int32, [CChar]) = (0, [CChar](repeating: 0, count: 256))
            let status = withStrings([url.absoluteString, HubSettings.userAgent] + fields) { strings in
                strings.withUnsafeBufferPointer { strings in
                    withOptionalString(settings.certificates) { certificates in
                        var request = hub_request()
                        request.url = strings[0]
                        request.user_agent = strings[1]
                        request.headers = strings.baseAddress.map { $0 + 2 }
                        request.header_count = fields.count
                        request.is_head = isHead
                        request.certificates = certificates
                        request.connect_timeout = Int64(settings.connectTimeout * 1000)
                        request.stall_timeout = Int64(settings.stallTimeout)
                        transfer.fill(&request)
                        return withExtendedLifetime(transfer) {
                            hub_client_perform(client, &request, &code, &message, message.count)
                        }
                    }
                }
            }
            return try transfer.end(status: status, code: code, message: String(message))
        }
    }
}

extension String {
    /// Of a C string in a buffer.
    init(_ buffer: [CChar]) {
        self.init(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

private func withOptionalString<Result>(
    _ text: String?, _ body: (UnsafePointer<CChar>?) throws -> Result
) rethrows -> Result {
    if let text { try text.withCString(body) } else { try body(nil) }
}

/// Calls `body` with C strings.
private func withStrings<Result>(
    _ texts: [String], _ body: ([UnsafePointer<CChar>?]) throws -> Result
) rethrows -> Result {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return try body(copies.map { UnsafePointer($0) })
}
