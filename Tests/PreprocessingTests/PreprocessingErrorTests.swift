import Testing

@testable import Preprocessing

@Suite struct PreprocessingErrorTests {
    @Test(arguments: [
        (
            PreprocessingError.missingFile(operation: "Reading", expected: "a file", path: "/x"),
            "Reading: expected a file, found no such file in /x."
        ),
        (
            .invalidContents(operation: "Reading", expected: "an id", found: "a string", path: "/x"),
            "Reading: expected an id, found a string, in /x."
        ),
        (
            .unsupported(operation: "Reading", expected: "WordPiece", found: "BPE", path: "/x"),
            "Reading: expected WordPiece, found BPE, which is not supported, in /x."
        ),
        (
            .missingLibrary(operation: "Decoding", reason: "no library at /x; build it"),
            "Decoding: no library at /x; build it."
        ),
        (
            .invalidArgument(operation: "Encoding", expected: "at least 2", found: "1"),
            "Encoding: expected at least 2, found 1."
        ),
    ])
    func saysOperationExpectedFoundAndPlace(error: PreprocessingError, sentence: String) {
        #expect(error.errorDescription == sentence)
        #expect(error.localizedDescription == sentence)
    }
}
