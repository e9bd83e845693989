import Foundation

/// Why a conversion cannot start or go on.
public enum ConversionError: LocalizedError, Equatable {
    case option(String)
    case data(String)
    case notFinite(phase: String, step: Int)
    case otherRun(folder: String)
    case order(String)
    case lostProcess(String)

    public var errorDescription: String? {
        switch self {
        case .option(let text), .data(let text), .order(let text): "\(text)."
        case .lostProcess(let text):
            "The run ended: \(text). Look at the messages of the other processes, and start all of them again with "
                + "the same arguments: the run goes on from its last checkpoint."
        case .notFinite(let phase, let step):
            "The loss of \(phase) or its gradient is not a finite number at step \(step): lower the learning rate or look at the "
                + "data; a checkpoint from before is kept."
        case .otherRun(let folder):
            "\(folder) has an unfinished run of another model, other data or other options: give the same to go on, or remove "
                + "\(folder)/checkpoint to start anew."
        }
    }
}
