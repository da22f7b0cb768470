import ContractRuntime
import Testing

@Suite struct DecimalTests {
    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("0.1", "0.1"), ("0.30", "0.3"), ("100", "100"), ("1e5", "100000"),
        ("1.5E-3", "0.0015"),
        ("-12.340", "-12.34"), ("0.000000000000000001", "0.000000000000000001"),
        ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
        ("1000000000000000000000000000000000000000e-5", "10000000000000000000000000000000000"),
    ])
    func `a JSON number keeps its exact value`(literal: String, written: String) {
        #expect(Decimal(literal)?.description == written)
    }

    @Test(arguments: [
        "1e400", "NaN", "Infinity", "-Infinity", "", "-", ".5", "5.", "01", "+1", "0x10", "1e", "1_000", " 1",
        "999999999999999999999999999999999999999", "0.0000000000000000001",
    ])
    func `texts that are not numbers or have too many digits are rejected`(literal: String) {
        #expect(Decimal(literal) == nil)
    }

    @Test func `numbers compare by value`() throws {
        let ascending = [
            "-1000", "-0.2", "-0.15", "0", "0.1", "0.15", "1", "1.000000000000000001", "99999999999999999999",
        ]
        .compactMap { Decimal($0) }
        #expect(ascending.count == 9)
        #expect(ascending.reversed().sorted() == ascending)
        #expect(try #require(Decimal("1.0")) == Decimal(1))
    }
}
