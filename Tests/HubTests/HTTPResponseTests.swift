import Testing

@testable import Hub

@Suite struct HTTPResponseTests {
    @Test func headers() throws {
        var response = try #require(HTTPResponse(statusLine: "HTTP/2 206"))
        response.add(line: "Content-Range: bytes 5-9/10")
        response.add(line: "LOCATION:x")
        response.add(line: "")
        #expect(response.status == 206 && response["location"] == "x" && response.location == nil)
        #expect(try #require(response.contentRange) == (5, 10))
        #expect(HTTPResponse(statusLine: "X-HTTP/1.1 200 OK") == nil)
        for text in ["bytes */10", "bytes 5-9", "items 5-9/10", "bytes x-9/10"] {
            #expect(HTTPResponse(status: 206, fields: [("content-range", text)]).contentRange == nil)
        }
        #expect(
            try #require(HTTPResponse(status: 206, fields: [("content-range", "bytes 5-9/*")]).contentRange)
                .total == nil)
    }
}
