/// An operation returned another response than the test expects.
public struct UnexpectedOutput: Error {
    public init() {}
}
