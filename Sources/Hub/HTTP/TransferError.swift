/// Why a request did not come to its end.
enum TransferError: Error, Equatable {
    /// The connection could not be made, or broke; `isTransient` says whether trying again may help.
    case connection(reason: String, isTransient: Bool)
    /// The server answered that it cannot answer now: 408, 429, or 5xx. `delay` is its `Retry-After` in seconds.
    case busy(status: Int, delay: Double?)
    /// Another part of the same work failed.
    case cancelled

    /// Of libcurl's `CURLcode`.
    init(code: Int32, message: String) {
        // Could not resolve or connect, cut short, timed out, TLS broke off, nothing or no more came.
        let transient: Set<Int32> = [5, 6, 7, 16, 18, 28, 35, 52, 55, 56, 92, 95]
        self = .connection(reason: message, isTransient: transient.contains(code))
    }

    /// Of a status that may be another one next time; nil for all others.
    init?(_ response: HTTPResponse) {
        guard [408, 429].contains(response.status) || response.status >= 500 else { return nil }
        self = .busy(status: response.status, delay: response["retry-after"].flatMap(Double.init))
    }

    var isTransient: Bool {
        switch self {
        case .connection(_, let isTransient): isTransient
        case .busy: true
        case .cancelled: false
        }
    }

    var isConnection: Bool {
        if case .connection = self { true } else { false }
    }

    var reason: String {
        switch self {
        case .connection(let reason, _): reason
        case .busy(let status, _): "the server answers with HTTP status \(status)"
        case .cancelled: "cancelled"
        }
    }
}
