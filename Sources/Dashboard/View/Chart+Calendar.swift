import ContractRuntime

extension CalendarDate {
    /// Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    var number: Int {
        // traps: the year is at most 9999.
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Chart {
    /// A calendar of a year: a column for each week, which begins on Monday, and a square for each day, darker for larger values.
    ///
    /// - Parameters:
    ///   - values: The days with a value.
    ///   - now: A time of the day at the end of the calendar.
    static func calendar(_ title: String, _ values: [(day: CalendarDate, value: Double)], now: Timestamp) -> Chart {
        let weeks = 53
        // traps: microseconds are divided by those of a day.
        let last = Int(now.microsecondsSinceEpoch / 86_400_000_000)
        // 1970 began on a Thursday.
        let start = last - (last + 3) % 7 - (weeks - 1) * 7
        let largest = values.map { abs($0.value) }.max() ?? 0
        var squares: [Int: String] = [:]
        for (day, value) in values where (start...last).contains(day.number) && value != 0 {
            // A quarter of the largest value is as dark as half of it would be, so that small days remain visible.
            let level = largest > 0 ? min(Int(saturating: (abs(value) / largest).squareRoot() * 4), 3) : 0
            squares[day.number - start] = "\(value < 0 ? "loss" : "gain") l\(level)"
        }
        let drawing = (0...(last - start)).map { place in
            let look = squares[place].map { " \($0)" } ?? ""
            return #"<rect class="day\#(look)" x="\#(place / 7 * 12)" y="\#(place % 7 * 12)" width="10" height="10"/>"#
        }
        let gains = values.count { $0.value > 0 }
        let losses = values.count { $0.value < 0 }
        let calendar = Calendar(
            title: title,
            description: "\(gains) days with a profit, \(losses) with a loss; the last day is \("\(now)".prefix(10))",
            drawing: drawing.joined()
        )
        let sorted = values.sorted { $0.day > $1.day }
        let table = Table(
            caption: title,
            columns: [.init("Day"), .init("NetPnL", isNumeric: true)],
            rows: sorted.map { Row(key: "\($0.day)", cells: [.text("\($0.day)"), .number(Figures.decimal($0.value))]) }
        )
        return Chart(title: title, content: .calendar(calendar), table: table.labelled())
    }
}
