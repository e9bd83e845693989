/// The status line and the header fields of an answer.
struct HTTPResponse: Equatable, Sendable {
    let status: Int
    private(set) var fields: [(name: String, value: String)] = []  // names in lower case

    init(status: Int, fields: [(name: String, value: String)] = []) {
        self.status = status
        self.fields = fields
    }

    /// Starts from a status line such as `HTTP/1.1 200 OK`; nil if it is none.
    init?(statusLine line: String) {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard line.hasPrefix("HTTP/"), parts.count >= 2, let status = Int(parts[1]) else { return nil }
        self.init(status: status)
    }

    /// Adds a line `Name: value`; others are passed over.
    mutating func add(line: String) {
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        fields.append((line[..<colon].lowercased(), String(value)))
    }

    /// The first field of a name in lower case.
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    var isSuccess: Bool { (200..<300).contains(status) }

    /// Where a redirect leads; nil if this is none.
    var location: String? { [301, 302, 303, 307, 308].contains(status) ? self["location"] : nil }

    /// `Content-Length`, if it is there and a number.
    var contentLength: Int? { self["content-length"].flatMap { Int($0) } }

    /// First byte and total of `Content-Range: bytes 100-199/200`; the total may be unknown, `*`.
    var contentRange: (first: Int, total: Int?)? {
        guard let text = self["content-range"], text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/")
        guard parts.count == 2, let first = parts[0].split(separator: "-").first.flatMap({ Int($0) })
        else { return nil }
        return (first, Int(parts[1]))
    }

    static func == (left: HTTPResponse, right: HTTPResponse) -> Bool {
        left.status == right.status && left.fields.elementsEqual(right.fields, by: ==)
    }
}
