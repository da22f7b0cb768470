#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A moment in UTC, exact to the microsecond: the resolution of PostgreSQL's `timestamptz`.
///
/// Its JSON form is RFC 3339 text. Any offset is accepted, and `Z` is written. A time without an offset is rejected.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z, without leap seconds.
    public var microsecondsSinceEpoch: Int64

    /// Creates the moment `microsecondsSinceEpoch` µs after 1970-01-01T00:00:00Z.
    public init(microsecondsSinceEpoch: Int64) {
        self.microsecondsSinceEpoch = microsecondsSinceEpoch
    }

    /// The current time of the system clock.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microsecondsSinceEpoch: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.microsecondsSinceEpoch < rhs.microsecondsSinceEpoch
    }

    /// The first moment in RFC 3339: 0000-01-01T00:00:00Z.
    public static let earliest = Timestamp(microsecondsSinceEpoch: -62_167_219_200_000_000)
    /// The last moment in RFC 3339: 9999-12-31T23:59:59.999999Z.
    public static let latest = Timestamp(microsecondsSinceEpoch: 253_402_300_799_999_999)

    /// The moment `seconds` later, clamped to the range of the type.
    public func adding(seconds: Int64) -> Timestamp {
        let microseconds = seconds.multipliedSaturated(by: 1_000_000)
        return Timestamp(microsecondsSinceEpoch: microsecondsSinceEpoch.addingSaturated(microseconds))
    }

    /// The microseconds until a later moment; negative if that has passed.
    public func microseconds(until later: Timestamp) -> Int64 {
        later.microsecondsSinceEpoch.subtractingSaturated(microsecondsSinceEpoch)
    }
}

// MARK: - RFC 3339

extension Timestamp {
    /// Reads RFC 3339 `date-time` text (section 5.6); nil for any other text.
    ///
    /// Digits after the microsecond are dropped. A leap second (`23:59:60Z`) becomes the first moment of the next day. A moment outside of
    /// the UTC years 0000 to 9999 is rejected, because it has no RFC 3339 form.
    public init?(rfc3339 text: UnsafeRawBufferPointer) {
        var reader = DigitReader(text)
        guard let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), reader.skip("-"),
            let day = reader.number(digits: 2), reader.skip("T", or: "t"),
            let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2),
            let fraction = reader.fraction(),
            let offsetMinutes = reader.offset(), reader.isAtEnd
        else { return nil }
        guard (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year),
            hour <= 23, minute <= 59, second <= 60
        else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        let seconds = ((days * 24 + hour) * 60 + minute - offsetMinutes) * 60 + second
        // A leap second is inserted at the end of a UTC day (RFC 3339, section 5.6 and appendix D).
        if second == 60, seconds % 86_400 != 0 { return nil }
        // traps: the year has four digits, so this is less than 3 * 10^17.
        self.init(microsecondsSinceEpoch: Int64(seconds) * 1_000_000 + Int64(fraction))
        guard (Self.earliest...Self.latest).contains(self) else { return nil }
    }

    /// Reads RFC 3339 `date-time` text; nil for any other text.
    public init?(_ text: String) {
        var text = text
        guard let value = text.withUTF8({ Timestamp(rfc3339: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }

    /// Appends the RFC 3339 text: `2026-01-31T09:05:00Z`, with six fractional digits if there is a fraction.
    public func appendRFC3339(to bytes: inout [UInt8]) {
        let (days, dayMicroseconds) = microsecondsSinceEpoch.flooredDivision(by: 86_400_000_000)
        let (year, month, day) = Self.civilDate(daysSinceEpoch: Int(days))
        let seconds = Int(dayMicroseconds / 1_000_000)
        let fraction = Int(dayMicroseconds % 1_000_000)
        bytes.append(decimal: year, digits: 4)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(decimal: month, digits: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(decimal: day, digits: 2)
        bytes.append(UInt8(ascii: "T"))
        bytes.append(decimal: seconds / 3600, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(decimal: seconds / 60 % 60, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(decimal: seconds % 60, digits: 2)
        if fraction != 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(decimal: fraction, digits: 6)
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    // Both conversions count years from March, so that the leap day is the last day of a year
    // (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    package static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = marchYear.flooredDivision(by: 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    package static func civilDate(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (daysSinceEpoch + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    package static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Timestamp: CustomStringConvertible {
    /// The RFC 3339 text.
    public var description: String {
        var bytes: [UInt8] = []
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not RFC 3339")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Reads the fixed-width fields of a date.
private struct DigitReader {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }

    mutating func number(digits: Int) -> Int? {
        guard index + digits <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[index..<index + digits] {
            guard let digit = byte.decimalDigit else { return nil }
            value = value * 10 + digit
        }
        index += digits
        return value
    }

    mutating func skip(_ byte: Unicode.Scalar, or other: Unicode.Scalar? = nil) -> Bool {
        guard index < bytes.count else { return false }
        let found = Unicode.Scalar(bytes[index])
        guard found == byte || found == other else { return false }
        index += 1
        return true
    }

    /// The microseconds of an optional `.digits` part; nil if the dot has no digits after it.
    mutating func fraction() -> Int? {
        guard skip(".") else { return 0 }
        var value = 0
        var digits = 0
        while index < bytes.count, let digit = bytes[index].decimalDigit {
            if digits < 6 { value = value * 10 + digit }
            digits += 1
            index += 1
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 6)..<6 { value *= 10 }
        return value
    }

    /// The offset in minutes east of UTC.
    mutating func offset() -> Int? {
        if skip("Z", or: "z") { return 0 }
        let sign: Int
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2), hours <= 23, skip(":"), let minutes = number(digits: 2), minutes <= 59
        else { return nil }
        // traps: both have two digits.
        return sign * (hours * 60 + minutes)
    }
}
