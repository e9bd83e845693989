extension String {
    /// A part of the data as the library has it: nil for `all`.
    var partName: String? { self == "all" ? nil : self }
}
