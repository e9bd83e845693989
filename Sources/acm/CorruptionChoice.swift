import ArgumentParser
import Datasets

/// Reads lists of corruptions and severities.
enum CorruptionChoice {
    /// - Parameter text: names with commas between, each once, or all.
    /// - Throws: `ValidationError`.
    static func corruptions(_ text: String) throws -> [Corruption] {
        if text == "all" { return Corruption.allCases }
        let names = text.split(separator: ",", omittingEmptySubsequences: false)
        let found = names.compactMap { Corruption(rawValue: String($0)) }
        guard found.count == names.count, Set(found).count == found.count else {
            let known = Corruption.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError(
                "--corruptions must be all, or some of \(known), each once; found \"\(text)\"")
        }
        return found
    }

    /// - Parameter text: numbers from 1 to 5 with commas between, each once.
    /// - Throws: `ValidationError`.
    static func severities(_ text: String) throws -> [Int] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let found = parts.compactMap { Int($0) }.filter(Corruption.severities.contains)
        guard found.count == parts.count, Set(found).count == found.count else {
            throw ValidationError(
                "--severities must be some of 1 to 5, each once, with commas between; found \"\(text)\"")
        }
        return found
    }
}
