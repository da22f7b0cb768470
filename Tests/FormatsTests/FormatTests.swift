import Formats
import Testing

/// The formats of the contract, beside those that the test suite of JSON Schema covers.
@Suite struct FormatTests {
    @Test(arguments: [
        (Format.dateTime, ["2026-03-01T09:30:00Z", "2026-03-01t09:30:00.123456789-23:59", "1998-12-31T23:59:60Z"]),
        (.date, ["2024-02-29", "0000-01-01"]), (.time, ["23:59:60Z", "00:59:60+01:00"]),
        (.duration, ["P1Y2M3D", "PT1M", "P2W", "P1DT1H"]), (.uuid, ["6F1C0a52-7c1b-4b0e-8f43-0d2c9a7b5e10"]),
        (.email, ["a@example.com", "\"a b\"@[127.0.0.1]"]), (.hostname, ["a", "xn--mnchen-3ya.de", "1-2.3"]),
        (.internationalHostname, ["münchen。de", "例え.jp"]), (.ipv4, ["0.0.0.0", "255.255.255.255"]),
        (.ipv6, ["::", "1::8", "::ffff:127.0.0.1"]), (.uri, ["http://a:80/b?c#d", "urn:a:b"]),
        (.uriReference, ["", "/a?b", "//h/p"]), (.iri, ["http://ü/é"]), (.uriTemplate, ["/a/{b}{?c,d*}"]),
        (.jsonPointer, ["", "/a~0~1/0"]), (.relativeJSONPointer, ["0", "1/a", "2#"]),
        (.regex, ["^[a-z]+$", "(?<a>b)"]),
        (.byte, ["", "QQ==", "QUI=", "+/+/"]),
    ])
    func `texts of a format`(format: Format, texts: [String]) {
        for text in texts { #expect(format.matches(text), "\(text)") }
    }

    @Test(arguments: [
        (
            Format.dateTime,
            [
                "2026-03-01 09:30:00Z", "2026-03-01T09:30:00", "2026-03-01T24:00:00Z", "2026-03-01T09:30:60Z",
                "²026-03-01T09:30:00Z",
            ]
        ),
        (.date, ["2023-02-29", "2026-13-01", "2026-3-1"]), (.time, ["09:30:00", "09:30:00+24:00", "00:59:60Z"]),
        (.duration, ["P", "PT", "P1H", "P1W1D", "P1Y1D", "1D"]), (.uuid, ["6f1c0a527c1b4b0e8f430d2c9a7b5e10", ""]),
        (.email, ["a", "@b", "a@", "é@example.com"]), (.hostname, ["", "-a", "a-", "a..b", "a_b", "ü"]),
        (.internationalHostname, ["", "-ü", "a。。b"]), (.ipv4, ["1.2.3", "01.2.3.4", "256.1.1.1", "1.2.3.٤"]),
        (.ipv6, [":", "1:2:3:4:5:6:7:8:9", "12345::", "fe80::1%eth0"]), (.uri, ["/a", "http://a b", "a:ü"]),
        (.uriReference, ["%", "a b", "ü"]), (.iri, ["ü"]), (.uriTemplate, ["{", "{a"]), (.jsonPointer, ["a", "/~2"]),
        (.relativeJSONPointer, ["", "-1", "01"]), (.regex, ["(", "a{2,1}"]),
        (.byte, ["Q", "QQ=", "Q=Q=", "____", "===="]),
    ])
    func `other texts`(format: Format, texts: [String]) {
        for text in texts { #expect(!format.matches(text), "\(text)") }
    }
}

@Suite struct ExactNumberTests {
    @Test(arguments: [("1", "1.0"), ("1", "10e-1"), ("0", "-0.00e7"), ("1200", "1.2E+3"), ("-0.5", "-5e-1")])
    func `texts with the same value are equal`(left: String, right: String) throws {
        #expect(try #require(ExactNumber(left)) == #require(ExactNumber(right)))
    }

    @Test(arguments: ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1 ", "NaN", "١"])
    func `only numbers of JSON are numbers`(text: String) {
        #expect(ExactNumber(text) == nil)
    }

    @Test func `numbers are compared without rounding`() throws {
        let texts = [
            "-1e400", "-2", "-1.5", "-1e-400", "0", "1e-400", "0.1", "0.10000000000000000000000000000001", "1",
            "9007199254740992", "9007199254740993", "1e400", "1e100000000000000000000",
        ]
        let numbers = try texts.map { try #require(ExactNumber($0)) }
        #expect(numbers.reversed().sorted() == numbers)
        #expect(Set(numbers).count == texts.count)
    }

    @Test(arguments: [
        ("9223372036854775807", Int.max as Int?), ("-9223372036854775808", .min), ("9223372036854775808", nil),
        ("1.5", nil),
        ("12e1", 120), ("1e19", nil), ("0e99", 0), ("2.50e1", 25),
    ])
    func `a whole number of 64 bits is an Int`(text: String, expected: Int?) throws {
        #expect(try #require(ExactNumber(text)).integer == expected)
    }

    @Test(arguments: [
        ("4.5", "1.5", true), ("0.3", "0.1", true), ("1e300", "7", false), ("-6", "2", true), ("0", "3", true),
        ("1", "0.0000000000000000000003", false), ("12345678901234567890123", "3", true), ("7", "2", false),
    ])
    func `multiples are exact`(text: String, divisor: String, expected: Bool) throws {
        #expect(try #require(ExactNumber(text)).isMultiple(of: #require(ExactNumber(divisor))) == expected)
    }
}
