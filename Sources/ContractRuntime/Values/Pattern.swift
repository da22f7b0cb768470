public import Patterns

/// A regular expression of the contract. Re-exported for generated code.
public typealias Pattern = Patterns.Pattern

extension Pattern {
    /// Creates a pattern from an expression that the compiler has checked.
    public init(checked source: StaticString) {
        do throws(PatternError) {
            try self.init("\(source)")
        } catch {
            // traps: the text is in generated code, and the compiler has parsed it.
            preconditionFailure("'\(source)' was checked when the contract was compiled: \(error)")
        }
    }
}
