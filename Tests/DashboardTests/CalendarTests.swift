import ContractRuntime
import Testing

@testable import Dashboard

@Suite struct CalendarTests {
    @Test(arguments: [
        ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2026-03-01", 20_513), ("0000-01-01", -719_528),
        ("9999-12-31", 2_932_896),
    ])
    func `days are counted from 1970`(_ text: String, _ number: Int) throws {
        #expect(try #require(CalendarDate(text)).number == number)
    }

    @Test func `a calendar has a square per day until today, with the marks of its values`() throws {
        // 2026-03-01 was a Sunday, the last day of its week.
        let now = Timestamp(microsecondsSinceEpoch: 1_772_357_400_000_000)
        let days = [("2026-03-01", 100.0), ("2026-02-28", -4), ("2025-02-24", 1), ("2025-02-23", 1), ("2026-02-27", 0)]
        let values = try days.map { (day: try #require(CalendarDate($0.0)), value: $0.1) }
        guard case .calendar(let calendar) = Chart.calendar("x", values, now: now).content else {
            Issue.record("no calendar")
            return
        }
        #expect(calendar.drawing.split(separator: "<rect").count == 53 * 7)
        #expect(calendar.drawing.contains(#"<rect class="day gain l3" x="624" y="72" "#))
        #expect(calendar.drawing.contains(#"<rect class="day loss l0" x="624" y="60" "#))
        #expect(calendar.drawing.contains(#"<rect class="day" x="624" y="48" "#))
        // The first day of the first week; the day before it is not drawn.
        #expect(calendar.drawing.contains(#"<rect class="day gain l0" x="0" y="0" "#))
        #expect(calendar.drawing.split(separator: "gain").count == 3)
        #expect(calendar.description == "3 days with a profit, 1 with a loss; the last day is 2026-03-01")
    }
}
