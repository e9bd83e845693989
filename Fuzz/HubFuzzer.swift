import Foundation

/// Feeds an input of libFuzzer to what reads a server's answers: a status line and header fields, then
/// behind an empty line the listing of a repository.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHub(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = start.map { Data(bytes: $0, count: count) } ?? Data()
    let end = input.firstRange(of: Data("\n\n".utf8))
    let lines = String(decoding: input[..<(end?.lowerBound ?? input.endIndex)], as: UTF8.self)
        .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if var response = HTTPResponse(statusLine: lines[0]) {
        for line in lines.dropFirst() { response.add(line: line) }
        _ = (response.location, response.contentLength, response.isSuccess)
        if let range = response.contentRange { precondition(range.first >= 0) }
    }
    guard let end, let repository = try? RepositoryName("owner/name") else { return 0 }
    do {
        let listing = try Listing(parsing: input[end.upperBound...], url: "answer", repository: repository)
        precondition(listing.commit.utf8.count == 40)
        for name in listing.sizes.keys {
            // No name leads out of the repository's folder.
            precondition(!name.hasPrefix("/") && !name.split(separator: "/").contains(".."))
        }
    } catch let error as LocalizedError {
        precondition(error.errorDescription?.isEmpty == false)
    } catch {
        preconditionFailure("an error without a message: \(error)")
    }
    return 0
}
