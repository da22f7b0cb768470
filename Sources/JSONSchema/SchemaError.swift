/// An invalid schema, or a validation that cannot be completed.
public struct SchemaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason, in one sentence.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
