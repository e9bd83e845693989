import Conversion
import Datasets
import Evaluation
import Foundation
import Hub
import Preprocessing
import Torch
import Transformers

/// How the program ends, in the numbers of `sysexits.h`, and one of its own.
enum ExitStatus: Int32 {
    /// All went well, but what was found does not meet what `--require` asks for.
    case requirementNotMet = 3
    case usage = 64
    case invalidData = 65
    case missingInput = 66
    case internalFailure = 70
    case inputOutput = 74

    /// nil for what the argument parser reports itself.
    init?(_ error: any Error) {
        switch error {
        case is RequirementNotMet: self = .requirementNotMet
        case let error as SafetensorsError:
            switch error {
            case .noWeights, .unsupportedFormat: self = .missingInput
            default: self = .invalidData
            }
        case EvaluationError.requirement: self = .usage
        case is JSONError, is DatasetError, is ModelError, is EvaluationError:
            self = .invalidData
        case let error as FileError:
            self = if case .notFound = error { .missingInput } else { .inputOutput }
        case let error as PreprocessingError:
            switch error {
            case .missingFile: self = .missingInput
            case .missingLibrary: self = .internalFailure
            default: self = .invalidData
            }
        case let error as ConversionError:
            switch error {
            case .option, .order, .otherRun: self = .usage
            case .data, .notFinite: self = .invalidData
            case .lostProcess: self = .inputOutput
            }
        case let error as HubError:
            switch error {
            case .invalidName, .invalidRevision, .invalidSetting: self = .usage
            case .unsafeName, .invalidAnswer, .wrongContents: self = .invalidData
            case .noRepository, .noRevision, .noFile, .gated, .refused, .notCached, .pickled, .noModel:
                self = .missingInput
            case .noRoom, .unreachable: self = .inputOutput
            case .noLibrary: self = .internalFailure
            }
        case TorchError.missingDevice, is LaunchError: self = .usage
        case TorchError.lostProcess: self = .inputOutput
        case is TorchError: self = .internalFailure
        case let error as CocoaError:
            self =
                error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile
                ? .missingInput : .inputOutput
        default: return nil
        }
    }
}
