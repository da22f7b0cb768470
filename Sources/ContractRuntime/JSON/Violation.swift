/// A violation of one constraint: the place in the input, the keyword of the schema, and a message.
public struct Violation: Error, Hashable, Sendable {
    /// JSON Pointer (RFC 6901) into the body. For parameters it starts with `/query`, `/path` or `/header`.
    public var pointer: String
    /// The violated JSON Schema keyword, or `syntax` for input that is not JSON.
    public var keyword: String
    /// The found and the expected value, in one sentence.
    public var message: String

    /// Creates a violation of `keyword` at `pointer`.
    public init(pointer: String, keyword: String, message: String) {
        self.pointer = pointer
        self.keyword = keyword
        self.message = message
    }

    /// The maximum number of violations in a response. Readers stop recording at this number.
    public static let limit = 100
}

/// The violations for which an input was rejected. There is at least one.
public struct InvalidInput: Error, Hashable, Sendable {
    /// The violations in the order of the input, at most `Violation.limit`.
    public var violations: [Violation]

    /// Creates an error with these violations.
    public init(violations: [Violation]) {
        self.violations = violations
    }
}

/// The text is not JSON (RFC 8259), or not accepted: a duplicate member, an unpaired surrogate, too many levels of nesting.
public struct JSONSyntaxError: Error, Hashable, Sendable {
    /// The found and the expected token.
    public let message: String
    /// The offset from the start, in bytes.
    public let offset: Int
}
