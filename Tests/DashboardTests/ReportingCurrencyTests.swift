import ContractRuntime
import Generated
import Testing

@testable import Dashboard

/// Totals in the reporting currency.
@Suite struct ReportingCurrencyTests {
    private func decimal(_ text: String) throws -> Decimal { try #require(Decimal(text)) }

    private func rates(_ rates: [(String, String, Bool)], books: String? = "USDT") throws -> FxRateList {
        FxRateList(
            generatedAt: .now,
            booksCurrency: books,
            maxAgeSeconds: 3_600,
            rates: try rates.map { currency, rate, isUsable in
                KnownFxRate(
                    currency: currency,
                    rate: try decimal(rate),
                    timestamp: Timestamp(microsecondsSinceEpoch: 0),
                    ageSeconds: 12,
                    isUsable: isUsable,
                    receivedAt: .now,
                    reportedBy: currency == "EUR" ? "bank" : "feed"
                )
            }
        )
    }

    private func total(_ selection: String?, _ rates: FxRateList, _ parts: [(String?, String)]) throws -> [String?] {
        let total = ReportingCurrency(selection, rates).total(try parts.map { ($0.0, try decimal($0.1)) })
        return [total.amount?.description, total.note]
    }

    @Test func `amounts are converted into the books' currency, or through it into another`() throws {
        let known = try rates([("BTC", "95000.5", true), ("EUR", "1.25", true), ("OLD", "3", false)])
        let parts = [("BTC", "0.0000000000001"), ("EUR", "-8"), ("USDT", "1.5"), ("OLD", "0")]
        #expect(
            try total(nil, known, parts) == [
                "-8.49999999",
                "USDT · BTC at 95\u{202F}000.50, by feed, 1970-01-01 00:00:00Z · EUR at 1.25, by bank, 1970-01-01 00:00:00Z",
            ]
        )
        #expect(
            try total("EUR", known, [("BTC", "2"), ("USDT", "1"), ("EUR", "0.000000000000000003")]) == [
                "152001.6",
                "EUR · BTC at 76\u{202F}000.40, by feed and bank, 1970-01-01 00:00:00Z · "
                    + "USDT at 0.80, by bank, 1970-01-01 00:00:00Z",
            ]
        )
    }

    @Test func `without a usable rate there is no total, and the currencies are named`() throws {
        let known = try rates([("BTC", "95000", true), ("OLD", "3", false)])
        #expect(
            try total("BTC", known, [("EUR", "1"), (nil, "2"), ("OLD", "3"), ("BTC", "1")]) == [
                nil, "no exchange rate to BTC for EUR, amounts without a currency, OLD",
            ]
        )
        #expect(try total("OLD", known, [("USDT", "1"), ("OLD", "1")]) == [nil, "no exchange rate to OLD for USDT"])
        #expect(try total("OLD", known, [("OLD", "1")]) == ["1", "OLD"])
        #expect(try total(nil, known, []) == [nil, nil])
    }

    @Test func `without a reporting currency only a single currency has a total`() throws {
        let known = try rates([("BTC", "95000", true)])
        #expect(try total("each", known, [("BTC", "1"), ("USDT", "1")]) == [nil, nil])
        #expect(try total("each", known, [("BTC", "1")]) == ["1", "BTC"])
        let none = try rates([], books: nil)
        #expect(
            try total(nil, none, [("BTC", "1"), ("USDT", "1")]) == [
                nil, "the books currency is not set: set BOOKS_CURRENCY",
            ]
        )
        #expect(try total(nil, none, [(nil, "1")]) == ["1", nil])
    }

    @Test(arguments: [
        ("0.000000000000000001", "0.5", "0.000000000000000001"),
        ("-0.000000000000000001", "0.5", "-0.000000000000000001"),
        ("0.000000000000000001", "0.4", "0"), ("99999999999999999999", "99999999999999999999", nil),
        ("99999999999999999999999999999999999999", "1", "99999999999999999999999999999999999999"), ("0", "-5", "0"),
        ("99999999999999999999", "0.999999999999999999", "99999999999999999899.000000000000000001"),
    ])
    func `a product is rounded to 18 digits`(one: String, other: String, product: String?) throws {
        let (first, second) = (try decimal(one), try decimal(other))
        #expect(first.multiplied(by: second)?.description == product)
        #expect(second.multiplied(by: first)?.description == product)
    }

    @Test func `rates of one report share their source and time, and unconverted amounts keep their digits`() throws {
        let known = try rates([("BTC", "95000", true), ("ETH", "4000", true), ("EUR", "1.25", true)])
        let parts = [("BTC", "1"), ("ETH", "0.000000001"), ("EUR", "1"), ("USDT", "1")]
        #expect(
            try total(nil, known, parts) == [
                "95002.250004",
                "USDT · BTC at 95\u{202F}000.00, ETH at 4\u{202F}000.00, by feed, 1970-01-01 00:00:00Z · "
                    + "EUR at 1.25, by bank, 1970-01-01 00:00:00Z",
            ]
        )
        #expect(try total(nil, known, [("USDT", "0.123456789012345678")]) == ["0.123456789012345678", "USDT"])
        #expect(try decimal("-0.123456785").rounded(to: 8).description == "-0.12345679")
        #expect(try decimal("0.1234567").rounded(to: 8).description == "0.1234567")
    }

    @Test(arguments: [
        ("1", "3", "0.333333333333333333"), ("2", "3", "0.666666666666666667"), ("-1", "8", "-0.125"), ("1", "0", nil),
        ("99999999999999999999999999999999999999", "0.000000000000000001", nil), ("0", "7", "0"),
        ("95000", "1.25", "76000"),
    ])
    func `a quotient is rounded to 18 digits`(one: String, other: String, quotient: String?) throws {
        let (first, second) = (try decimal(one), try decimal(other))
        #expect(first.divided(by: second)?.description == quotient)
    }
}
