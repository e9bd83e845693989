extension JSONObjectReader {
    /// An integer within `range`.
    public func integer(
        _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws -> Int {
        try read(key, Self.describe(range)) { Self.integer($0, in: range) }
    }

    /// An integer within `range`, or the default if the key is absent.
    public func integer(
        _ key: String, default value: Int, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws -> Int {
        contains(key) ? try integer(key, in: range) : value
    }

    /// An integer within `range`, or nil.
    public func optionalInteger(
        _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws -> Int? {
        try readOptional(key, Self.describe(range)) { Self.integer($0, in: range) }
    }

    /// A number within `range`.
    public func double(
        _ key: String, in range: ClosedRange<Double> = -.infinity ... .infinity
    ) throws -> Double {
        try read(key, Self.describe(range)) { Self.double($0, in: range) }
    }

    /// A number within `range`, or the default if the key is absent.
    public func double(
        _ key: String, default value: Double,
        in range: ClosedRange<Double> = -.infinity ... .infinity
    ) throws -> Double {
        contains(key) ? try double(key, in: range) : value
    }

    /// A number within `range`, or nil.
    public func optionalDouble(
        _ key: String, in range: ClosedRange<Double> = -.infinity ... .infinity
    ) throws -> Double? {
        try readOptional(key, Self.describe(range)) { Self.double($0, in: range) }
    }

    /// A boolean.
    public func bool(_ key: String) throws -> Bool {
        try read(key, "true or false") { $0.boolValue }
    }

    /// A boolean, or the default if the key is absent.
    public func bool(_ key: String, default value: Bool) throws -> Bool {
        contains(key) ? try bool(key) : value
    }

    /// A boolean, or nil.
    public func optionalBool(_ key: String) throws -> Bool? {
        try readOptional(key, "true or false") { $0.boolValue }
    }

    /// A string.
    public func string(_ key: String) throws -> String {
        try read(key, "a string") { $0.stringValue }
    }

    /// A string, or the default if the key is absent.
    public func string(_ key: String, default value: String) throws -> String {
        contains(key) ? try string(key) : value
    }

    /// A string, or nil.
    public func optionalString(_ key: String) throws -> String? {
        try readOptional(key, "a string") { $0.stringValue }
    }

    /// One of the cases of an enumeration of strings, by its raw value; the error lists them.
    public func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, of type: Choice.Type = Choice.self
    ) throws -> Choice {
        let names = Choice.allCases.map { JSONValue.quoted($0.rawValue) }
        let expected = (names.count > 1 ? "one of " : "") + names.joined(separator: ", ")
        return try read(key, expected) { $0.stringValue.flatMap(Choice.init(rawValue:)) }
    }

    /// As `choice`, or the default if the key is absent.
    public func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default value: Choice
    ) throws -> Choice {
        contains(key) ? try choice(key) : value
    }
}

extension JSONObjectReader {
    static func integer(_ value: JSONValue, in range: ClosedRange<Int>) -> Int? {
        value.integerValue.flatMap { range.contains($0) ? $0 : nil }
    }

    static func double(_ value: JSONValue, in range: ClosedRange<Double>) -> Double? {
        value.doubleValue.flatMap { range.contains($0) ? $0 : nil }
    }

    static func describe(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound > .min, range.upperBound < .max) {
        case (false, false): "an integer"
        case (true, false): "an integer of at least \(range.lowerBound)"
        case (false, true): "an integer of at most \(range.upperBound)"
        case (true, true): "an integer from \(range.lowerBound) to \(range.upperBound)"
        }
    }

    static func describe(_ range: ClosedRange<Double>) -> String {
        switch (range.lowerBound > -.infinity, range.upperBound < .infinity) {
        case (false, false): "a number"
        case (true, false): "a number of at least \(range.lowerBound)"
        case (false, true): "a number of at most \(range.upperBound)"
        case (true, true): "a number from \(range.lowerBound) to \(range.upperBound)"
        }
    }
}
