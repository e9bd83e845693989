import Conversion
import Torch

extension ProcessLaunch {
    /// For commands that do not share their work among processes.
    ///
    /// - Throws: `ConversionError` for one of several processes, which would all write the same files.
    static func requireAlone() throws {
        guard try read() == nil else {
            throw ConversionError.option(
                "This command is for one process: start it alone, without RANK and WORLD_SIZE")
        }
    }
}
