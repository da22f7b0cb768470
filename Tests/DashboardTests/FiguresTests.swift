import ContractRuntime
import Generated
import Testing

@testable import Dashboard

@Suite struct FiguresTests {
    @Test(arguments: [
        (0, "0.00"), (-0.001, "0.00"), (-0.01, "−0.01"), (1_234.5, "1\u{202F}234.50"),
        (999_999_999_999_999, "999\u{202F}999\u{202F}999\u{202F}999\u{202F}999.00"), (1e15, "1.00 × 10¹⁵"),
        (1e30, "1.00 × 10³⁰"), (-1.5e20, "−1.50 × 10²⁰"), (123_456_789e10, "1.234567 × 10¹⁸"),
        (1e308, "1.00 × 10³⁰⁸"), (-1e308, "−1.00 × 10³⁰⁸"), (.leastNonzeroMagnitude, "0.00"), (.infinity, "—"),
        (.nan, "—"),
    ])
    func `every Double is formatted`(value: Double, expected: String) {
        #expect(Figures.decimal(value) == expected)
    }

    @Test(arguments: [
        ("0", "0.00"), ("-1234.5", "−1\u{202F}234.50"), ("0.123456789012345678", "0.123456789012345678"),
        ("999999999999999999", "999\u{202F}999\u{202F}999\u{202F}999\u{202F}999\u{202F}999.00"),
        ("1e30", "1.00 × 10³⁰"), ("-12345678901234567890.5", "−1.234567 × 10¹⁹"),
        ("99999999999999999999999999999999999999", "9.999999 × 10³⁷"),
    ])
    func `every amount is formatted`(text: String, expected: String) throws {
        #expect(Figures.amount(try #require(Decimal(text))) == expected)
    }

    @Test func `an extreme page number has links`() throws {
        for page in [Int.max, .max / 50, 3, 1] {
            let pages = try #require(Table.Pages("/bots", .none, page: page, size: 50, total: 60))
            #expect(page == 1 || pages.previous != nil)
        }
        #expect(Table.Pages("/bots", .none, page: .max, size: 50, total: 60)?.text == "60–60 of 60")
    }

    @Test func `a list beyond its count limit can be paged to the end`() throws {
        func pages(_ page: Int, of total: Int, isExact: Bool, next: String?) -> Table.Pages? {
            let list = CostPage(
                page: page,
                pageSize: 50,
                total: total,
                totalIsExact: isExact,
                items: [],
                nextCursor: next
            )
            return Table.Pages("/costs", .none, list)
        }
        let last = try #require(pages(2, of: 60, isExact: true, next: nil))
        #expect(last.text == "51–60 of 60")
        #expect(last.next == nil)
        let far = try #require(pages(300, of: 10_000, isExact: false, next: "1.2"))
        #expect(far.text == "14\u{202F}951–15\u{202F}000 of more than 10\u{202F}000")
        #expect(far.previous == "/costs?page=299")
        #expect(far.next == "/costs?page=301")
        #expect(try #require(pages(.max, of: 10_000, isExact: false, next: nil)).next == nil)
    }

    @Test func `a curve with equal, huge or distant points is drawn`() throws {
        for values in [[1e30, 1e30], [-1e308, 1e308], [.leastNonzeroMagnitude, 0], [.greatestFiniteMagnitude, 1]] {
            for times in [[0, 1], [Int64.min, .max], [.max, .max]] {
                let points = zip(times, values).map {
                    Chart.Point(time: Timestamp(microsecondsSinceEpoch: $0), value: $1)
                }
                let scale = TimeScale(from: points[0].time, to: points[1].time)
                let chart = try #require(Chart.line("c", "t", points, over: scale))
                guard case .line(let line) = chart.content else { continue }
                #expect(
                    !line.drawing.contains("nan") && !line.drawing.contains("inf"),
                    "\(values) \(times): \(line.drawing)"
                )
            }
        }
    }

    @Test func `a percent escape is two hexadecimal digits`() {
        #expect(Fields("a=%+1&b=%41&c=%4&=x&d").pairs.map(\.value) == ["% 1", "A", "%4", "x", ""])
    }
}
