public import Patterns

/// A regular expression of the contract; generated code gets the name from here.
public typealias Pattern = Patterns.Pattern

extension Pattern {
    /// An expression that the compiler found to be one when it read the contract.
    public init(checked source: StaticString) {
        do throws(PatternError) {
            try self.init("\(source)")
        } catch {
            // traps: the text stands in generated code, and the compiler has read it.
            preconditionFailure("'\(source)' was checked when the contract was compiled: \(error)")
        }
    }
}
