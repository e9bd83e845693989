import Foundation
import TestSupport
import Testing

/// The README's console blocks show what the program really prints.
@Suite struct ReadmeTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Each `$ acm …` of a console block with the lines under it.
    private static func examples() throws -> [(arguments: [String], output: String)] {
        let text = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let blocks = text.components(separatedBy: "```console\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
        return blocks.flatMap { block in
            block.components(separatedBy: "$ acm ").dropFirst().map { example in
                let lines = example.components(separatedBy: "\n")
                return (lines[0].components(separatedBy: " "), lines.dropFirst().joined(separator: "\n"))
            }
        }
    }

    @Test func consoleBlocksAreWhatTheProgramPrints() throws {
        let examples = try Self.examples()
        #expect(examples.count >= 2)
        for (arguments, output) in examples {
            let paths = arguments.map { argument in
                guard argument.contains(where: { "/.".contains($0) }) else { return argument }
                let path = Self.root.appendingPathComponent(argument).path
                return FileManager.default.fileExists(atPath: path) ? path : argument
            }
            let ending = try Program(paths).wait()
            let root = Self.root.path + "/"
            let found = (ending.output + ending.errors).replacingOccurrences(of: root, with: "")
            #expect(found == output, "acm \(arguments.joined(separator: " "))")
        }
    }
}
