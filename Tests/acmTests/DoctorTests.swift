import Testing

/// `acm doctor`, whole and with a library missing.
@Suite struct DoctorTests {
    @Test func findsBothLibraries() throws {
        let ending = try acm("doctor")
        ending.succeeds()
        #expect(ending.output.contains("/libacm.so\n") && ending.output.contains("/libacm_media.so\n"))
    }

    @Test func worksWithoutTheMediaLibrary() throws {
        let ending = try acm("doctor", environment: ["ACM_MEDIA_LIBRARY": "/nowhere/libacm_media.so"])
        ending.succeeds()
        let line = ending.output.split(separator: "\n").first { $0.hasPrefix("images and audio") } ?? ""
        for part in ["missing", "/nowhere/libacm_media.so", "make native", "ACM_MEDIA_LIBRARY"] {
            #expect(line.contains(part))
        }
        #expect(ending.output.contains("threads"))
    }
}
