import ArgumentParser

/// A list of budgets as the command line takes it: numbers in 0…1 with commas between, each once.
struct Budgets {
    let values: [Double]

    init?(_ text: String) {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? -1 }
        guard numbers.allSatisfy((0...1).contains), Set(numbers).count == numbers.count else { return nil }
        values = numbers
    }

    static func invalid(_ text: String) -> ValidationError {
        ValidationError("--budgets takes numbers in 0...1 with commas between, each once, found \"\(text)\"")
    }
}
