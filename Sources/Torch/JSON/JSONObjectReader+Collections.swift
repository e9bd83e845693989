extension JSONObjectReader {
    /// An array of strings.
    public func strings(_ key: String) throws -> [String] {
        try read(key, "an array of strings") { Self.elements($0) { $0.stringValue } }
    }

    /// An array of strings, or the default if the key is absent.
    public func strings(_ key: String, default values: [String]) throws -> [String] {
        contains(key) ? try strings(key) : values
    }

    /// An array of strings, or nil.
    public func optionalStrings(_ key: String) throws -> [String]? {
        try readOptional(key, "an array of strings") { Self.elements($0) { $0.stringValue } }
    }

    /// An array of integers, each within `range`.
    public func integers(
        _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws -> [Int] {
        try read(key, "an array, each element \(Self.describe(range))") { value in
            Self.elements(value) { Self.integer($0, in: range) }
        }
    }

    /// An array of integers, each within `range`, or the default if the key is absent.
    public func integers(
        _ key: String, default values: [Int], in range: ClosedRange<Int> = Int.min...Int.max
    ) throws -> [Int] {
        contains(key) ? try integers(key, in: range) : values
    }

    /// An array of integers, each within `range`, or nil.
    public func optionalIntegers(
        _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws -> [Int]? {
        try readOptional(key, "an array, each element \(Self.describe(range))") { value in
            Self.elements(value) { Self.integer($0, in: range) }
        }
    }

    /// An array of numbers, each within `range`.
    public func doubles(
        _ key: String, in range: ClosedRange<Double> = -.infinity ... .infinity
    ) throws -> [Double] {
        try read(key, "an array, each element \(Self.describe(range))") { value in
            Self.elements(value) { Self.double($0, in: range) }
        }
    }

    /// An array of numbers, each within `range`, or the default if the key is absent.
    public func doubles(
        _ key: String, default values: [Double],
        in range: ClosedRange<Double> = -.infinity ... .infinity
    ) throws -> [Double] {
        contains(key) ? try doubles(key, in: range) : values
    }

    /// A reader of an object.
    public func object(_ key: String) throws -> JSONObjectReader {
        try JSONObjectReader(
            .object(read(key, "an object") { $0.objectValue }), source: source, path: keyPath(key))
    }

    /// A reader of an object, or nil.
    public func optionalObject(_ key: String) throws -> JSONObjectReader? {
        try readOptional(key, "an object") { value in
            guard value.objectValue != nil else { return nil }
            return try JSONObjectReader(value, source: source, path: keyPath(key))
        }
    }

    /// Readers of an array of objects; the path of each ends in its index: `layers[2]`.
    public func objects(_ key: String) throws -> [JSONObjectReader] {
        let elements = try read(key, "an array of objects") { $0.arrayValue }
        return try elements.enumerated().map { index, element in
            try JSONObjectReader(element, source: source, path: "\(keyPath(key))[\(index)]")
        }
    }

    /// The elements of an array, or nil if it is none or one of them cannot be converted.
    private static func elements<Value>(
        _ value: JSONValue, _ convert: (JSONValue) -> Value?
    ) -> [Value]? {
        guard let elements = value.arrayValue else { return nil }
        let converted = elements.compactMap(convert)
        return converted.count == elements.count ? converted : nil
    }
}
