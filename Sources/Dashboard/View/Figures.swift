import ContractRuntime

/// A time as a page shows it: short, with the whole of it for machines and for whoever points at it.
struct Moment {
    /// RFC 3339, in UTC.
    let iso: String
    let text: String

    /// A time of the day; the day stands before it unless it is today's.
    init(_ time: Timestamp, now: Timestamp = .now) {
        iso = "\(time)"
        let (day, clock) = Self.parts(iso)
        text = day == Self.parts("\(now)").day ? "\(clock)Z" : "\(day) \(clock)Z"
    }

    /// How long ago it was.
    init(ago time: Timestamp, now: Timestamp = .now) {
        iso = "\(time)"
        text = Figures.duration(seconds: time.seconds(until: now))
    }

    /// `2026-03-01T09:30:00.120000Z` is the day `2026-03-01` and the time `09:30:00`.
    private static func parts(_ iso: String) -> (day: String, clock: String) {
        (String(iso.prefix(10)), String(iso.dropFirst(11).prefix(8)))
    }
}

extension Timestamp {
    /// Whole seconds until a later time; negative when that has passed.
    func seconds(until later: Timestamp) -> Int {
        Int((later.microsecondsSinceEpoch - microsecondsSinceEpoch) / 1_000_000)
    }
}

/// Numbers as a page shows them: thin spaces between thousands, a minus sign that is one, all digits that there are.
enum Figures {
    /// An amount with at least two decimals.
    static func amount(_ value: Decimal, signed: Bool = false) -> String {
        let text = "\(value)"
        let isNegative = text.hasPrefix("-")
        let parts = text.drop { $0 == "-" }.split(separator: ".", maxSplits: 1)
        var decimals = parts.count > 1 ? String(parts[1]) : ""
        while decimals.count > 2, decimals.hasSuffix("0") { decimals.removeLast() }
        while decimals.count < 2 { decimals += "0" }
        let sign = isNegative ? "−" : signed && value != Decimal(0) ? "+" : ""
        return sign + grouped(String(parts.first ?? "0")) + "." + decimals
    }

    static func count(_ value: Int) -> String { (value < 0 ? "−" : "") + grouped(String(value.magnitude)) }

    /// A number of the machine's, with so many decimals.
    static func decimal(_ value: Double, _ decimals: Int = 2) -> String {
        guard value.isFinite else { return "—" }
        var factor = 1.0
        for _ in 0..<decimals { factor *= 10 }
        let scaled = (abs(value) * factor).rounded()
        let whole = (scaled / factor).rounded(.down)
        var rest = String(Int(scaled - whole * factor))
        while rest.count < decimals { rest = "0" + rest }
        let sign = value < 0 && scaled > 0 ? "−" : ""
        return sign + grouped(String(Int(whole))) + (decimals > 0 ? "." + rest : "")
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

    static func tone(_ value: Decimal) -> String { value < Decimal(0) ? "bad-text" : "" }

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
    /// The nearest number of the machine's, for drawing.
    var approximate: Double { Double("\(self)") ?? 0 }
}
