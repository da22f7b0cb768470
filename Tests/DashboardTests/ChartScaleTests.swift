import ContractRuntime
import Testing

@testable import Dashboard

@Suite struct ChartScaleTests {
    @Test(arguments: [
        ([9_970, 10_030], [9_960, 9_980, 10_000, 10_020, 10_040], 0),
        ([0.19, 0.21], [0.19, 0.195, 0.2, 0.205, 0.21], 3),
        ([-3, 7], [-5, 0, 5, 10], 0), ([0, 0.000_4], [0, 0.000_1, 0.000_2, 0.000_3, 0.000_4], 4),
        // Equal values are in the middle.
        ([5], [4.995, 5, 5.005], 3), ([0], [-0.5, 0, 0.5], 1),
    ])
    func `ticks are multiples of 1, 2 or 5 times a power of ten`(values: [Double], ticks: [Double], decimals: Int) {
        let scale = ValueScale(values, isDrawdown: false)
        #expect(scale.ticks.count == ticks.count, "\(scale.ticks)")
        let errors = zip(scale.ticks, ticks).map { abs($0 - $1) / max(abs($1), 1e-6) }
        #expect(errors.max() ?? 0 < 1e-9, "\(scale.ticks)")
        #expect(scale.decimals == decimals)
    }

    @Test func `a drawdown hangs from 0`() {
        let scale = ValueScale([-0.031, 0, -0.01], isDrawdown: true)
        #expect(scale.ticks.map { Figures.decimal($0) } == ["−0.04", "−0.03", "−0.02", "−0.01", "0.00"])
        #expect(scale.place(0) == 0)
        #expect(scale.place(-0.04) == 100)
        #expect(ValueScale([0, 0], isDrawdown: true).ticks == [-0.005, 0])
    }

    @Test(arguments: [
        [1e308, -1e308], [.leastNonzeroMagnitude], [.greatestFiniteMagnitude], [1e-300, 2e-300], [1e15, 1e15 + 1],
    ])
    func `any values have ticks that are finite`(values: [Double]) {
        let scale = ValueScale(values, isDrawdown: false)
        #expect((2...9).contains(scale.ticks.count), "\(scale.ticks)")
        #expect(scale.ticks.filter { !$0.isFinite } == [])
        #expect(values.map { scale.place($0) }.filter { !$0.isFinite } == [])
    }

    @Test(arguments: [
        (
            "2026-03-01T09:30:00Z", "2026-03-01T10:30:00Z",
            ["09:30 0.0%", "09:45 25.0%", "10:00 50.0%", "10:15 75.0%", "10:30 100.0%"]
        ),
        (
            "2026-02-28T09:30:00Z", "2026-03-01T09:30:00Z",
            ["12:00 10.4%", "18:00 35.4%", "03-01 60.4%", "06:00 85.4%"]
        ),
        ("2026-02-22T09:30:00Z", "2026-03-01T09:30:00Z", ["02-24 22.9%", "02-26 51.5%", "02-28 80.1%"]),
        // Weeks begin on Mondays.
        ("2026-01-30T00:00:00Z", "2026-03-01T00:00:00Z", ["02-02 10.0%", "02-09 33.3%", "02-16 56.7%", "02-23 80.0%"]),
    ])
    func `times have ticks at boundaries of the calendar`(from: String, to: String, labels: [String]) throws {
        let scale = TimeScale(from: try #require(Timestamp(from)), to: try #require(Timestamp(to)))
        #expect(scale.ticks.map { "\($0.text) \($0.x)" } == labels)
    }

    @Test func `the oldest and the latest time have no ticks, and no range has none`() {
        let all = TimeScale(
            from: Timestamp(microsecondsSinceEpoch: .min),
            to: Timestamp(microsecondsSinceEpoch: .max)
        )
        #expect(all.ticks.isEmpty)
        #expect(all.place(Timestamp(microsecondsSinceEpoch: .max)) == 1_000)
        let none = TimeScale(from: .latest, to: .latest)
        #expect(none.ticks.isEmpty && none.place(.latest) == 500)
    }

    @Test func `a chart shows its whole range, and a lone point as a dot`() throws {
        let from = try #require(Timestamp("2026-02-28T00:00:00Z"))
        let scale = TimeScale(from: from, to: from.adding(seconds: 86_400))
        // Minutes of the last quarter of the day, and one value at its half.
        let minutes = [720] + Array(1_080..<1_440)
        let points = minutes.map { minute in
            Chart.Point(time: from.adding(seconds: Int64(minute) * 60), value: Double(minute % 7))
        }
        guard case .line(let line) = try #require(Chart.line("c", "t", points, over: scale)).content else {
            return #expect(Bool(false))
        }
        #expect(line.drawing.contains(#"<path class="dot" d="M500.0,0.0h0"/>"#), "\(line.drawing.prefix(900))")
        #expect(line.drawing.contains(#"<polygon class="area" points="750.0,100.0 750.0,66.7 "#))
        #expect(line.times.map(\.text) == ["02-28", "06:00", "12:00", "18:00", "03-01"])
        #expect(line.values == ["6", "4", "2", "0"])
        #expect(line.description == "0.00 to 6.00, last 4.00")
        #expect(Chart.line("c", "t", [], over: scale) == nil)
    }
}
