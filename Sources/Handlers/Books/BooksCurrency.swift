/// The currency of the books and how amounts in others come into it.
public struct BooksCurrency: Sendable {
    /// Nil while nobody set it: then there are totals only of one currency.
    public var currency: String?
    /// How many seconds a rate is used.
    public var rateSeconds = 3_600

    /// Books without a currency.
    public init() {}
}
