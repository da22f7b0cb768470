import ContractRuntime
import Generated

/// A schedule: minute, hour, day of the month, month and day of the week, in UTC (crontab(5)).
///
/// A field is `*`, a number, a range, any of these with a step, or a list of them. Months and days of the week may be English names. A
/// range may wrap around, as `FRI-MON` does. If both day fields are restricted, a day must match either.
struct CronExpression: Hashable, Sendable {
    private let minutes: Set<Int>
    private let hours: Set<Int>
    private let daysOfMonth: Set<Int>
    private let months: Set<Int>
    /// 0 is Sunday.
    private let daysOfWeek: Set<Int>
    private let restrictsBothDays: Bool

    /// The reason why a text is not a cron expression.
    struct Mistake: Error, Hashable {
        let message: String
    }

    private static let shorthands = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]
    private static let monthNames = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]
    private static let dayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

    init(_ text: String) throws(Mistake) {
        let text = text.hasPrefix("@") ? Self.shorthands[text.lowercased()] ?? text : text
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 5 else {
            throw Mistake(message: "found \(fields.count) field\(fields.count == 1 ? "" : "s"), expected five")
        }
        // traps: there are five fields.
        let (minute, hour, day, month, weekday) = (fields[0], fields[1], fields[2], fields[3], fields[4])
        minutes = try Field(name: "minute", range: 0...59).values(of: minute)
        hours = try Field(name: "hour", range: 0...23).values(of: hour)
        daysOfMonth = try Field(name: "day of the month", range: 1...31).values(of: day)
        months = try Field(name: "month", range: 1...12, names: Self.monthNames, firstName: 1).values(of: month)
        let days = try Field(name: "day of the week", range: 0...7, names: Self.dayNames).values(of: weekday)
        daysOfWeek = Set(days.map { $0 % 7 })
        restrictsBothDays = !day.hasPrefix("*") && !weekday.hasPrefix("*")
        guard next(after: .now) != nil else { throw Mistake(message: "no day matches") }
    }

    /// The schedule of a scheduled module; nil for other modules. An invalid schedule is a violation in either case.
    init?(of registration: ModuleRegistration) throws(Problem) {
        guard let text = registration.scheduleCron else { return nil }
        do throws(Mistake) {
            try self.init(text)
        } catch {
            let violation = Violation(
                pointer: "/schedule_cron",
                keyword: "cron",
                message: "\"\(text)\": \(error.message)"
            )
            throw Problem(InvalidInput(violations: [violation]))
        }
        if registration.executionMode == .manual { return nil }
    }

    /// The first match after `time`; nil if there is none within the next eight years, in which every possible date occurs.
    func next(after time: Timestamp) -> Timestamp? {
        let minute = time.microsecondsSinceEpoch / 60_000_000 + 1
        var (day, firstMinute) = (Int(minute / 1_440), Int(minute % 1_440))
        let lastDay = day + 8 * 366
        while day <= lastDay {
            if isDue(onDay: day), let minute = minuteOfDay(from: firstMinute) {
                return Timestamp(microsecondsSinceEpoch: (Int64(day) * 1_440 + Int64(minute)) * 60_000_000)
            }
            (day, firstMinute) = (day + 1, 0)
        }
        return nil
    }

    private func isDue(onDay day: Int) -> Bool {
        let date = Timestamp.civilDate(daysSinceEpoch: day)
        guard months.contains(date.month) else { return false }
        let isDayOfMonth = daysOfMonth.contains(date.day)
        // 1970-01-01 was a Thursday.
        let isDayOfWeek = daysOfWeek.contains((day + 4) % 7)
        return restrictsBothDays ? isDayOfMonth || isDayOfWeek : isDayOfMonth && isDayOfWeek
    }

    private func minuteOfDay(from first: Int) -> Int? {
        (first..<1_440).first { hours.contains($0 / 60) && minutes.contains($0 % 60) }
    }
}

/// One field of a cron expression.
private struct Field {
    let name: String
    let range: ClosedRange<Int>
    var names: [String] = []
    /// The value of the first name.
    var firstName = 0

    func values(of text: Substring) throws(CronExpression.Mistake) -> Set<Int> {
        var values: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            values.formUnion(try self.part(part))
        }
        return values
    }

    private func part(_ text: Substring) throws(CronExpression.Mistake) -> [Int] {
        let pieces = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var step = 1
        if pieces.count == 2, let last = pieces.last {
            guard let number = Int(last), number > 0 else { throw mistake(text) }
            step = number
        }
        var (first, last) = (range.lowerBound, range.upperBound)
        if let piece = pieces.first, piece != "*" {
            let ends = piece.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            guard let lower = ends.first.flatMap(value),
                let upper = ends.count == 2 ? value(ends[1]) : pieces.count == 2 ? range.upperBound : lower
            else { throw mistake(text) }
            (first, last) = (lower, upper)
        }
        let values =
            first <= last ? Array(first...last) : Array(first...range.upperBound) + Array(range.lowerBound...last)
        return stride(from: 0, to: values.count, by: step).map { values[$0] }
    }

    private func value(_ text: Substring) -> Int? {
        if let index = names.firstIndex(of: text.uppercased()) { return index + firstName }
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(text), range.contains(number) else {
            return nil
        }
        return number
    }

    private func mistake(_ text: Substring) -> CronExpression.Mistake {
        .init(message: "found '\(text)' for the \(name), expected \(range.lowerBound) to \(range.upperBound)")
    }
}
