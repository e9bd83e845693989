import CACM
import Foundation
import Torch

/// The optional shared library that decodes images and audio, `libacm_media.so`, found when it is
/// first needed.
public enum MediaLibrary {
    /// Where the library is looked for: `ACM_MEDIA_LIBRARY` when set, else beside `libacm.so`.
    public static var path: String {
        if let given = ProcessInfo.processInfo.environment["ACM_MEDIA_LIBRARY"], !given.isEmpty {
            return given
        }
        return URL(fileURLWithPath: NativeLibrary.path).deletingLastPathComponent()
            .appendingPathComponent("libacm_media.so").path
    }

    /// Why the library cannot be used, and the fix; nil where it can.
    public static let problem: String? = {
        guard acm_media_load(path) != ACM_OK || acm_media_open(ACM_MEDIA_INTERFACE_VERSION) != ACM_OK
        else { return nil }
        return "cannot use the media library \(path) (\(String(cString: acm_media_error_message()))); "
            + "run `make native`, which installs and builds what is missing, or name the library in "
            + "ACM_MEDIA_LIBRARY"
    }()

    /// Loads the library and checks that it fits this program.
    ///
    /// Every use does this by itself; call it to fail early.
    /// - Parameter operation: what needs it, for the message.
    /// - Throws: ``PreprocessingError/missingLibrary(operation:reason:)`` with the fix.
    public static func open(operation: String = "Reading images and audio") throws {
        if let problem {
            throw PreprocessingError.missingLibrary(operation: operation, reason: problem)
        }
    }
}
