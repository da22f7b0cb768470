/// The time in the format of the `Date` header (RFC 9110, section 5.6.7, `IMF-fixdate`): `Sun, 06 Nov 1994 08:49:37 GMT`.
extension Timestamp {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The text, truncated to seconds.
    public var httpDate: String {
        let seconds = Int(microsecondsSinceEpoch.flooredDivision(by: 1_000_000).quotient)
        let (days, second) = seconds.flooredDivision(by: 86_400)
        let (year, month, day) = Self.civilDate(daysSinceEpoch: days)
        let weekday = Self.weekdays[days.flooredDivision(by: 7).remainder]
        let time = [second / 3600, second / 60 % 60, second % 60].map { Self.padded($0, 2) }.joined(separator: ":")
        return "\(weekday), \(Self.padded(day, 2)) \(Self.months[month - 1]) \(Self.padded(year, 4)) \(time) GMT"
    }

    /// Reads this format; nil for any other text, including the two obsolete formats.
    public init?(httpDate text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[5] == "GMT", let month = Self.months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        // traps: there are six parts.
        self.init("\(parts[3])-\(Self.padded(month + 1, 2))-\(parts[1])T\(parts[4])Z")
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
