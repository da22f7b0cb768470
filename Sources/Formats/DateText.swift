/// Checks dates, times and durations (RFC 3339).
enum DateText {
    static func isDateTime(_ text: String) -> Bool {
        let parts = text.utf8.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 | 0x20 == UInt8(ascii: "t") }
        return parts.count == 2 && isDate(Array(parts[0])) && isTime(Array(parts[1]))
    }

    static func isDate(_ text: String) -> Bool { isDate(Array(text.utf8)) }

    static func isTime(_ text: String) -> Bool { isTime(Array(text.utf8)) }

    private static func isDate(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10])
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && day >= 1 && day <= lengths[month - 1]
    }

    private static func isTime(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 9, bytes[2] == UInt8(ascii: ":"), bytes[5] == UInt8(ascii: ":"),
            let hour = number(bytes[0..<2]), let minute = number(bytes[3..<5]), let second = number(bytes[6..<8]),
            hour <= 23, minute <= 59, second <= 60
        else { return false }
        var rest = bytes[8...]
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix(while: \.isDigit)
            guard !digits.isEmpty else { return false }
            rest = rest.dropFirst(digits.count + 1)
        }
        guard let offset = offsetMinutes(Array(rest)) else { return false }
        // A leap second is the last second of a UTC day (RFC 3339, appendix D).
        // traps: all three numbers have two digits.
        let minuteOfDay = ((hour * 60 + minute - offset) % 1440 + 1440) % 1440
        return second < 60 || minuteOfDay == 1439
    }

    private static func offsetMinutes(_ bytes: [UInt8]) -> Int? {
        if bytes.count == 1, bytes[0] | 0x20 == UInt8(ascii: "z") { return 0 }
        guard bytes.count == 6, let sign = bytes.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            // traps: bytes.count is 6.
            bytes[3] == UInt8(ascii: ":"), let hours = number(bytes[1..<3]), let minutes = number(bytes[4..<6]),
            hours <= 23, minutes <= 59
        else { return nil }
        // traps: both numbers have two digits.
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        bytes.allSatisfy(\.isDigit) ? bytes.reduce(0) { $0 * 10 + Int($1 - 0x30) } : nil
    }

    /// Units in their order and without gaps, or weeks alone (RFC 3339, appendix A).
    static func isDuration(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "P") else { return false }
        let parts = text.utf8.dropFirst().split(separator: UInt8(ascii: "T"), omittingEmptySubsequences: false)
        guard let days = parts.first, let date = units(Array(days)), parts.count <= 2 else { return false }
        if parts.count == 2, let clock = parts.last {
            guard let time = units(Array(clock)), !time.isEmpty else { return false }
            return isRun(date, of: "YMD") && isRun(time, of: "HMS")
        }
        return !date.isEmpty && (date == "W" || isRun(date, of: "YMD"))
    }

    /// The unit letters, such as `YM` for `1Y2M`; nil if a letter has no number.
    private static func units(_ bytes: [UInt8]) -> String? {
        var units = ""
        var hasDigits = false
        for byte in bytes {
            if byte.isDigit {
                hasDigits = true
            } else {
                guard hasDigits else { return nil }
                units.unicodeScalars.append(Unicode.Scalar(byte))
                hasDigits = false
            }
        }
        return hasDigits ? nil : units
    }

    private static func isRun(_ units: String, of order: String) -> Bool { units.isEmpty || order.contains(units) }
}
