import ContractRuntime
import TestSupport
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-22T11:30:00Z", 1_795_347_000_000_000),
        ("2026-11-22T20:30:00+09:00", 1_795_347_000_000_000),
        ("2026-11-22T06:00:00.5-05:30", 1_795_347_000_500_000),
        ("2000-02-29t12:00:00.000001z", 951_825_600_000_001),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ("2026-01-01T00:00:00.1234569Z", 1_767_225_600_123_456),
    ])
    func `a time with an offset is read to the microsecond`(text: String, microseconds: Int64) {
        #expect(Timestamp(text)?.microsecondsSinceEpoch == microseconds)
    }

    @Test(arguments: [
        "2026-11-22T11:30:00", "2026-11-22 11:30:00Z", "2026-11-22", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T12:00:60Z",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0900", "2026-1-01T00:00:00Z",
        "2026-01-01T00:00:00Z ", "", "now",
    ])
    func `other texts are rejected`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (951_825_600_000_001, "2000-02-29T12:00:00.000001Z"),
        (253_402_300_799_000_000, "9999-12-31T23:59:59Z"),
    ])
    func `a time is written in UTC`(microseconds: Int64, text: String) {
        #expect(Timestamp(microsecondsSinceEpoch: microseconds).description == text)
    }

    @Test func `a written time is read back as the same time`() {
        var generator = SplitMix()
        for _ in 0..<10_000 {
            let time = Timestamp(
                microsecondsSinceEpoch: .random(
                    in: -62_135_596_800_000_000...253_402_300_799_999_999,
                    using: &generator
                )
            )
            #expect(Timestamp(time.description) == time)
        }
    }

    // The first is the example of RFC 9110, section 5.6.7.
    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1_709_210_096, "Thu, 29 Feb 2024 12:34:56 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
    ])
    func `a time has an HTTP form`(seconds: Int64, text: String) {
        let time = Timestamp(microsecondsSinceEpoch: seconds * 1_000_000)
        #expect(time.httpDate == text)
        #expect(Timestamp(httpDate: text) == time)
    }

    @Test(arguments: [
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 31 Feb 1994 08:49:37 GMT",
    ])
    func `other texts are rejected as HTTP dates`(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }
}
