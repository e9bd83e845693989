import ArgumentParser
import Conversion
import Foundation
import Torch

extension TrainingOptions {
    /// These options with what files and `--set` change, in this order.
    ///
    /// - Parameters:
    ///   - files: of YAML.
    ///   - settings: each `path=value`.
    /// - Throws: `ConversionError.option(_:)`, `FileError`.
    func overlaid(files: [URL], settings: [String]) throws -> Self {
        var options = self
        for file in files {
            let content = try MappedFile(file)
            guard
                let text = withExtendedLifetime(content, { String(validating: content.bytes, as: UTF8.self) })
            else {
                throw ConversionError.option("\(file.relativePath) is not UTF-8 text")
            }
            options = try options.overlaid(withYAML: text, source: file.relativePath)
        }
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            options = try options.setting(String(parts[0]), to: parts.count > 1 ? String(parts[1]) : "")
        }
        return options
    }

    /// - Throws: `ValidationError` for what is no `path=value`.
    static func checkSettings(_ settings: [String]) throws {
        for setting in settings
        where (setting.firstIndex(of: "=") ?? setting.startIndex) == setting.startIndex {
            throw ValidationError("--set takes path=value, found \"\(setting)\"")
        }
    }
}
