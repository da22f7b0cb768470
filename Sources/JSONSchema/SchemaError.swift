/// A schema that cannot be used, or a validation that cannot be carried out.
public struct SchemaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was wrong, in one sentence.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
