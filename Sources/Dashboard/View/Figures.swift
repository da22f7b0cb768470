import ContractRuntime

/// A time as pages show it: a short text, with the full time in the `datetime` attribute and the tooltip.
struct Moment {
    /// RFC 3339, in UTC.
    let iso: String
    let text: String

    init(iso: String, text: String) {
        self.iso = iso
        self.text = text
    }

    /// A time of day, with the date before it unless it is today.
    init(_ time: Timestamp, now: Timestamp = .now) {
        iso = "\(time)"
        let (day, clock) = Self.parts(iso)
        text = day == Self.parts("\(now)").day ? "\(clock)Z" : "\(day) \(clock)Z"
    }

    /// The time since `time`, such as `3 m 12 s`.
    init(ago time: Timestamp, now: Timestamp = .now) {
        iso = "\(time)"
        text = Figures.duration(seconds: time.seconds(until: now))
    }

    /// Splits `2026-03-01T09:30:00.120000Z` into `2026-03-01` and `09:30:00`.
    private static func parts(_ iso: String) -> (day: String, clock: String) {
        (String(iso.prefix(10)), String(iso.dropFirst(11).prefix(8)))
    }
}

extension Timestamp {
    /// Whole seconds until another time; negative if it is earlier.
    func seconds(until later: Timestamp) -> Int {
        Int(microseconds(until: later) / 1_000_000)
    }
}

/// Formats numbers for pages, with thin spaces between thousands and a real minus sign. Amounts keep all digits. A number that is too large
/// is shown with a power of ten: `1.50 × 10³⁰`.
enum Figures {
    /// The maximum number of digits before the decimal point of an amount.
    private static let digitLimit = 18
    /// From this value on, a `Double` has no exact fractional digits and is shown in scientific notation.
    private static let plainLimit = 1e15

    /// An amount with at least two decimals.
    static func amount(_ value: Decimal, signed: Bool = false) -> String {
        let text = "\(value)"
        let isNegative = text.hasPrefix("-")
        let sign = isNegative ? "−" : signed && value != Decimal(0) ? "+" : ""
        let parts = text.drop { $0 == "-" }.split(separator: ".", maxSplits: 1)
        let whole = String(parts.first ?? "0")
        if whole.count > digitLimit { return sign + scientific(digits: whole, exponent: whole.count - 1) }
        var decimals = parts.count > 1 ? String(parts[1]) : ""
        while decimals.count > 2, decimals.hasSuffix("0") { decimals.removeLast() }
        while decimals.count < 2 { decimals += "0" }
        return sign + grouped(whole) + "." + decimals
    }

    /// Scientific notation with at most seven significant digits.
    private static func scientific(digits: String, exponent: Int) -> String {
        var decimals = String(digits.dropFirst().prefix(6))
        while decimals.count > 2, decimals.hasSuffix("0") { decimals.removeLast() }
        while decimals.count < 2 { decimals += "0" }
        return "\(digits.prefix(1)).\(decimals) × 10\(superscript(exponent))"
    }

    /// Scientific notation of a large number, whose description is `1.5e+20` or `1500000000000000.0`.
    private static func scientific(of value: Double) -> String {
        let parts = "\(value)".split(separator: "e", maxSplits: 1)
        let digits = (parts.first ?? "0").split(separator: ".", maxSplits: 1)
        let places = digits.first?.count ?? 1
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        return scientific(digits: digits.joined(), exponent: places - 1 + exponent)
    }

    private static func superscript(_ exponent: Int) -> String {
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        // Decimal digits are 0 to 9.
        return String(String(exponent).compactMap(\.wholeNumberValue).map { digits[$0] })
    }

    static func count(_ value: Int) -> String { (value < 0 ? "−" : "") + grouped(String(value.magnitude)) }

    /// A `Double` with this many decimals; "—" for NaN and infinity.
    static func decimal(_ value: Double, _ decimals: Int = 2) -> String {
        guard value.isFinite else { return "—" }
        let sign = value < 0 ? "−" : ""
        if abs(value) >= plainLimit { return sign + scientific(of: abs(value)) }
        var factor = 1.0
        for _ in 0..<decimals { factor *= 10 }
        let scaled = (abs(value) * factor).rounded()
        let whole = (scaled / factor).rounded(.down)
        var rest = String(Int(saturating: scaled - whole * factor))
        while rest.count < decimals { rest = "0" + rest }
        let number = grouped(String(Int(saturating: whole))) + (decimals > 0 ? "." + rest : "")
        return (scaled > 0 ? sign : "") + number
    }

    static func percent(_ fraction: Double) -> String { decimal(fraction * 100) + " %" }

    static func duration(seconds: Int) -> String {
        let seconds = max(seconds, 0)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3_600: return "\(seconds / 60) m \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3_600) h \(seconds / 60 % 60) m"
        default: return "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }

    private static func grouped(_ digits: String) -> String {
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text += "\u{202F}" }
            text.append(digit)
        }
        return text
    }
}

extension Decimal {
    /// The nearest finite `Double`, for drawing.
    var approximate: Double {
        let value = Double("\(self)") ?? 0
        return min(max(value, -Double.greatestFiniteMagnitude), Double.greatestFiniteMagnitude)
    }
}
