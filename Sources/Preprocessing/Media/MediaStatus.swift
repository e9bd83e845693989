import CACM
import Torch

/// Turns a status of the media library into an error about one file.
///
/// - Parameters:
///   - operation: what was tried: "Decoding the image".
///   - formats: the formats that the operation knows: "a JPEG, PNG or WebP image".
///   - limit: what a file that is too large exceeds: "at most 100 pixels".
func checkMedia(
    _ status: Int32, operation: String, formats: String, limit: String = "less", path: String
) throws {
    guard status != ACM_OK else { return }
    let text = String(cString: acm_media_error_message())
    switch status {
    case ACM_MEDIA_UNKNOWN:
        throw PreprocessingError.unsupported(
            operation: operation, expected: formats, found: text, path: path)
    case ACM_MEDIA_DAMAGED:
        throw PreprocessingError.invalidContents(
            operation: operation, expected: "\(formats), whole and undamaged", found: text, path: path)
    case ACM_MEDIA_TOO_LARGE:
        throw PreprocessingError.invalidContents(
            operation: operation, expected: limit, found: text, path: path)
    case ACM_INVALID_ARGUMENT:
        throw PreprocessingError.invalidArgument(
            operation: operation, expected: "values in range", found: text)
    case ACM_UNAVAILABLE:
        throw PreprocessingError.missingLibrary(operation: operation, reason: text)
    case ACM_OUT_OF_MEMORY:
        throw TorchError.outOfMemory("\(operation) \(path): \(text)")
    default:
        throw TorchError.failure("\(operation) \(path): \(text)")
    }
}
