import Foundation

/// Safetensors files as bytes.
enum SafetensorsFixture {
    /// A file with this header, its length before it, and data of `dataByteCount` bytes 0, 1, 2, ….
    static func file(header: String, dataByteCount: Int = 0) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + header.utf8
            + (0..<dataByteCount).map { UInt8(truncatingIfNeeded: $0) }
    }

    /// A tensor's entry in a header.
    static func entry(
        _ name: String, dataType: String = "F32", shape: String = "[2]", offsets: String = "[0,8]"
    ) -> String {
        #"{"\#(name)":{"dtype":"\#(dataType)","shape":\#(shape),"data_offsets":\#(offsets)}}"#
    }

    /// Sixteen tensors, one of each data type and an empty one, written by the Python package
    /// safetensors 0.8.0 (`safetensors.torch.save`) with the metadata `format: pt`.
    static let python =
        Data(
            base64Encoded: """
                yAMAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJ1NjQiOnsiZHR5cGUiOiJVNjQiLCJzaGFwZS
                I6WzFdLCJkYXRhX29mZnNldHMiOlswLDhdfSwic2NhbGFyIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOltdLCJkYXRh
                X29mZnNldHMiOls4LDE2XX0sIsOpLnciOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOl
                sxNiwyNF19LCJ3ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10sImRhdGFfb2Zmc2V0cyI6WzI0LDQ4
                XX0sInUzMiI6eyJkdHlwZSI6IlUzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzQ4LDUyXX0sImkzMiI6ey
                JkdHlwZSI6IkkzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzUyLDU2XX0sImhhbGYiOnsiZHR5cGUiOiJC
                RjE2Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbNTYsNjJdfSwiZW1wdHkiOnsiZHR5cGUiOiJGMTYiLCJzaG
                FwZSI6WzAsNF0sImRhdGFfb2Zmc2V0cyI6WzYyLDYyXX0sImYxNiI6eyJkdHlwZSI6IkYxNiIsInNoYXBlIjpbMV0s
                ImRhdGFfb2Zmc2V0cyI6WzYyLDY0XX0sInUxNiI6eyJkdHlwZSI6IlUxNiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2
                V0cyI6WzY0LDY2XX0sImkxNiI6eyJkdHlwZSI6IkkxNiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzY2LDcw
                XX0sInNtYWxsIjp7ImR0eXBlIjoiRjhfRTRNMyIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzcwLDcyXX0sIn
                RpbnkiOnsiZHR5cGUiOiJGOF9FNU0yIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNzIsNzRdfSwiaTgiOnsi
                ZHR5cGUiOiJJOCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6Wzc0LDc1XX0sImJ5dGVzIjp7ImR0eXBlIjoiVT
                giLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls3NSw3OF19LCJtYXNrIjp7ImR0eXBlIjoiQk9PTCIsInNoYXBl
                IjpbM10sImRhdGFfb2Zmc2V0cyI6Wzc4LDgxXX19IAUAAAAAAAAA+f////////+amZmZmZm5PwAAAAAAAIA+AAAAPw
                AAQD8AAIA/AACgP//////9////wD8AwIA+ADj///3/BAA4sDy4/QEC/wEAAQ==
                """, options: .ignoreUnknownCharacters) ?? Data()
}
