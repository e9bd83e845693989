import TestSupport
import Testing
import Torch

@Suite struct InspectTests {
    @Test func theTableNamesEveryPart() throws {
        let ending = try acm("inspect", Goldens.path("bert"), "--tokens", "7")
        ending.succeeds()
        for part in ["BertModel, 3 blocks of width 36", "for 7 tokens", "feedForward.dense", "none (dense)"] {
            #expect(ending.output.contains(part), "\(ending.output)")
        }
    }

    @Test func theJSONAddsUp() throws {
        let ending = try acm("inspect", Goldens.path("vit_classifier"), "--json")
        ending.succeeds()
        let reader = try JSONObjectReader(JSONValue(parsing: ending.output), source: "output")
        #expect(try reader.string("architecture") == "ViTForImageClassification")
        #expect(try reader.integer("tokens") == 7)
        let parts = try reader.object("parts")
        let sum = try parts.object.keys.reduce(0) { try $0 + parts.integer($1) }
        #expect(try reader.integer("macs") == sum)
        #expect(try parts.integer("embedding") == 6 * 8 * 8 * 5 * 36)
        #expect(try parts.integer("feedForward.dense") % (2 * 7 * 36 * 52) == 0)
        #expect(try reader.integer("adaptable_macs") == 0 && reader.value("acm") == .null)
        let tensors = try Goldens.tensors("vit_classifier/model.safetensors")
        #expect(try reader.integer("parameters") == tensors.values.reduce(0) { $0 + $1.elementCount })
    }
}

/// What the program says of itself and of what it needs.
@Suite struct DoctorTests {
    @Test func namesWhatWasFound() throws {
        let ending = try acm("doctor")
        ending.succeeds()
        for line in [
            "native library", "instruction sets", "libtorch  ", "libtorch from", "threads", "CUDA devices",
        ] {
            #expect(ending.output.split(separator: "\n").contains { $0.hasPrefix(line) }, "\(ending.output)")
        }
        #expect(ending.output.contains(try Runtime.torchVersion()))
    }

    /// No such file, a file that is no library, and another's library.
    @Test(arguments: ["none.so", "text.so", "/lib64/ld-linux-x86-64.so.2"]) func saysWhatIsMissing(
        library: String
    )
        throws
    {
        let folder = try TemporaryFolder(["text.so": "text"])
        let path = library.hasPrefix("/") ? library : folder[library].path
        let ending = try acm("doctor", environment: ["ACM_LIBRARY": path])
        ending.refuses(70, path, "Build it with `make native`, or name it in ACM_LIBRARY.")
        #expect(ending.output.contains("native library    \(path)\n"))
        #expect(ending.output.contains("libtorch          missing\n"))
    }

    @Test func worksWithoutTheMediaLibrary() throws {
        let path = "/none/libacm_media.so"
        let ending = try acm("doctor", environment: ["ACM_MEDIA_LIBRARY": path])
        ending.succeeds()
        let line = ending.output.split(separator: "\n").first { $0.hasPrefix("images and audio") } ?? ""
        for part in ["missing", path, "make native", "ACM_MEDIA_LIBRARY"] { #expect(line.contains(part)) }
        #expect(try acm("doctor").output.contains("/libacm_media.so\n"))
    }

    @Test func othersSayTheSame() throws {
        try acm("inspect", Goldens.path("bert"), environment: ["ACM_LIBRARY": "/none/libacm.so"])
            .refuses(70, "/none/libacm.so", "make native")
    }
}
