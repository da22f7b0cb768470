import Foundation

/// Values at the limits of their types, and texts that a reader may treat as markup, in an order that a seed determines.
struct HostileValues: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameter seed: The same seed gives the same values.
    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var number = state
        number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
        number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
        return number ^ (number >> 31)
    }

    mutating func choice<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }

    mutating func happens(oneIn count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    // MARK: - Texts

    /// Swift combines each markup character in these texts with its neighbour into another character.
    static let markup = [
        "\u{600}<hostile\u{600}>", "<\u{301}hostile>\u{301}", "\"\u{301} hostile=\"\u{301}x",
        "'\u{20E3} hostile='\u{20E3}x",
        "&\u{200D}lt;hostile>\u{FE0F}", "</td\u{600}><hostile>", "\u{600}\"\u{600}><hostile \u{600}>",
    ]

    private static let texts =
        markup + [
            "i1", "e\u{301}", "\u{E9}", "K", "\u{212A}", "\u{301}", "\u{202E}live\u{2066}", "a\u{2028}b\u{2029}c",
            "=1+1", "\u{FEFF}@SUM(A1)",
            "{{.text}}", "{{{drawing}}}", "'; DROP TABLE bots; --", "%00", "../../etc", "\\\"\n\t", "🦀", "\u{10FFFF}",
            "null",
            String(repeating: "x", count: 64), String(repeating: "\u{301}", count: 64),
            String(repeating: "&", count: 64),
        ]

    mutating func text() -> String { choice(Self.texts) }

    /// A text of up to 10,000 code points.
    mutating func longText() -> String {
        let count = choice([1, 100, 2_000, 10_000])
        return String(
            String.UnicodeScalarView(repeatElement(text().unicodeScalars, count: count).joined().prefix(count))
        )
    }

    // MARK: - Numbers and times

    /// A JSON number.
    mutating func number() -> String {
        choice([
            "0", "-0", "1", "-1", "0.5", "1e30", "-1e30", "1e37", "-1e37", "1e308", "-1e308", "5e-324", "1e-18",
            "99999999999999999999999999999999999999", "-99999999999999999999.999999999999999999", "\"1e30\"", "\"0.1\"",
            "9223372036854775807", "1e999", "true", "null", "\"NaN\"",
        ])
    }

    /// A whole number for a parameter.
    mutating func integer() -> String {
        choice([
            "1", "2", "0", "-1", "50", "200", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
            "4611686018427387905",
            "184467440737095517", "1e3", "1e30", "NaN", "0x10", "１", "", " 1", "+1", "01",
            String(repeating: "9", count: 400),
        ])
    }

    mutating func time() -> String {
        let now = Date.now.addingTimeInterval(Double.random(in: -90_000...1, using: &self)).ISO8601Format()
        return choice([
            now, now, now, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999-23:59",
            "2000-02-29T23:59:60Z", "1969-12-31T23:59:59.999999Z", "now",
        ])
    }

    /// A text encoded for a query, a path or a form.
    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = Character(Unicode.Scalar(byte)).isASCII && Character(Unicode.Scalar(byte)).isLetter
            return isPlain ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// A text as a JSON string.
    static func json(_ text: String) -> String {
        let data = (try? JSONSerialization.data(withJSONObject: [text])) ?? Data("[\"\"]".utf8)
        return String(decoding: data.dropFirst().dropLast(), as: UTF8.self)
    }
}
