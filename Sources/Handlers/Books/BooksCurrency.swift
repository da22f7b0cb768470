/// The currency of the books, and the maximum age of rates into it.
public struct BooksCurrency: Sendable {
    /// Nil if it is not set; then totals exist only for a single currency.
    public var currency: String?
    /// Seconds for which a rate is valid.
    public var rateSeconds = 3_600

    /// Creates books without a currency.
    public init() {}
}
