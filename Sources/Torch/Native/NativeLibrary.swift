import CACM
import Foundation

/// The one shared library under this package, `libacm.so`, found when it is first needed.
public enum NativeLibrary {
    /// Where the library is looked for: `ACM_LIBRARY` when set, else beside the executable.
    public static var path: String {
        if let given = ProcessInfo.processInfo.environment["ACM_LIBRARY"], !given.isEmpty {
            return given
        }
        let executable =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: executable).deletingLastPathComponent()
            .appendingPathComponent("libacm.so").path
    }

    private static let opened = Result {
        guard acm_library_load(path) == ACM_OK, acm_runtime_open(ACM_INTERFACE_VERSION) == ACM_OK else {
            throw TorchError.unavailable(
                "Cannot use the native library \(path): \(String(cString: acm_error_message())). "
                    + "Build it with `make native`, or name it in ACM_LIBRARY.")
        }
    }

    /// Loads the library and checks that it, libtorch and this program fit each other.
    ///
    /// Every operator does this by itself; call it to fail early.
    /// - Throws: ``TorchError/unavailable(_:)`` with what is missing and the fix.
    public static func open() throws {
        try opened.get()
    }
}
