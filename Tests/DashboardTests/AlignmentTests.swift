import ContractRuntime
import Testing

@testable import Dashboard

@Suite struct AlignmentTests {
    @Test func `decimal points of a currency stand below each other`() throws {
        let amounts = [
            ("USDT", "1\u{202F}000.00"), ("USDT", "−0.0625"), ("BTC", "0.00000001"), ("USDT", "—"), ("USDT", "7"),
        ]
        let table = Table(
            caption: "x",
            columns: [.init("Currency"), .init("Amount", isNumeric: true)],
            rows: amounts.enumerated().map { Row(key: "\($0)", cells: [.text($1.0), .number($1.1)]) }
        )
        let pads = table.aligned().rows.map { $0.cells[1].pad }
        #expect(pads == ["\u{2007}\u{2007}", nil, nil, nil, "\u{2008}\u{2007}\u{2007}\u{2007}\u{2007}"])
        #expect(table.aligned().rows.allSatisfy { $0.cells[0].pad == nil })
    }

    @Test func `amounts with their currency are aligned with those of the same currency`() {
        let texts = ["+12.50 USDT", "−0.0625 USDT", "0.1 BTC", "7 USDT"]
        let rows = texts.map { Row(key: $0, cells: [.text("BTC/USDT"), .number($0)]) }
        let columns = [Table.Column("Symbol"), Table.Column("Profit", isNumeric: true)]
        let pads = Table(caption: "x", columns: columns, rows: rows).aligned().rows.map { $0.cells[1].pad }
        #expect(pads == ["\u{2007}\u{2007}", nil, nil, "\u{2008}\u{2007}\u{2007}\u{2007}\u{2007}"])
    }

    @Test func `texts with units and powers of ten are not aligned`() {
        let rows = ["1.50 × 10³⁰", "1.5 USDT", "2.125", "3.1 %"].map { Row(key: $0, cells: [.number($0)]) }
        let table = Table(caption: "x", columns: [.init("Amount", isNumeric: true)], rows: rows)
        #expect(table.aligned().rows.allSatisfy { $0.cells[0].pad == nil })
    }

    @Test func `a histogram has a bar and a row for each bucket`() throws {
        let chart = try #require(
            Chart.histogram("x", "Slippage", [-1, 0, 1_000], [3, 0, 1, 0], unit: "bps", isSigned: true)
        )
        guard case .line(let line) = chart.content else {
            Issue.record("no line")
            return
        }
        #expect(line.times.map(\.text) == ["−1", "0", "1k"])
        #expect(line.times.map(\.x) == ["25.0%", "50.0%", "75.0%"])
        #expect(line.drawing.split(separator: "<rect").count == 5)
        #expect(line.drawing.contains(#"<rect class="bar better" x="15.0" width="220.0" y="0.0" height="100.0"/>"#))
        // No samples, no bar.
        #expect(line.drawing.contains(#"<rect class="bar better" x="265.0" width="220.0" y="100.0" height="0.0"/>"#))
        #expect(line.drawing.contains(#"<rect class="bar" x="515.0" width="220.0" y="66.7" height="33.3"/>"#))
        let rows = chart.table.rows.map { $0.cells.map { $0.text ?? "" } }
        #expect(
            rows == [
                ["below −1 bps", "3", "75.00 %"], ["−1 to 0 bps", "0", "0.00 %"],
                ["0 to 1\u{202F}000 bps", "1", "25.00 %"],
                ["1\u{202F}000 bps and more", "0", "0.00 %"],
            ]
        )
        #expect(Chart.histogram("x", "Slippage", [0], [0, 0], unit: "bps") == nil)
    }
}
