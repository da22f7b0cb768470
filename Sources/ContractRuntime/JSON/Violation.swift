/// One failed constraint: where in the input, which keyword of the schema, and what was found.
public struct Violation: Error, Hashable, Sendable {
    /// JSON Pointer (RFC 6901) into the body; parameters stand under `/query`, `/path` and `/header`.
    public var pointer: String
    /// The JSON Schema keyword that failed, or `syntax` for input that is not JSON at all.
    public var keyword: String
    /// What was found and what was expected, in one sentence.
    public var message: String

    /// A violation of `keyword` at `pointer`.
    public init(pointer: String, keyword: String, message: String) {
        self.pointer = pointer
        self.keyword = keyword
        self.message = message
    }

    /// How many violations one answer lists at most; reading stops recording there.
    public static let limit = 100
}

/// Every reason why an input was refused. Never empty.
public struct InvalidInput: Error, Hashable, Sendable {
    /// The violations, in the order of the input, at most `Violation.limit`.
    public var violations: [Violation]

    /// An input refused for `violations`.
    public init(violations: [Violation]) {
        self.violations = violations
    }
}

/// Text that is not JSON (RFC 8259), or is JSON that we refuse: a repeated member, a lone surrogate, too much nesting.
public struct JSONSyntaxError: Error, Hashable, Sendable {
    /// What was found and what was expected.
    public let message: String
    /// Where, in bytes from the start.
    public let offset: Int
}
