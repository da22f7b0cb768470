import ContractRuntime

extension Chart {
    /// One bar per UTC day, above 0 or below it. A day without a value has no bar.
    ///
    /// - Parameters:
    ///   - days: All days of the range, in order, such as `2026-03-01`.
    ///   - values: The values of some of these days.
    /// - Returns: Nil if no day has a value.
    static func days(_ id: String, _ title: String, _ days: [String], _ values: [ExactText: Decimal]) -> Chart? {
        let known = days.enumerated().compactMap { place, day in values[ExactText(day)].map { (place, day, $0) } }
        guard let last = known.last else { return nil }
        let numbers = known.map { $0.2.approximate }
        var (low, high) = (min(numbers.min() ?? 0, 0), max(numbers.max() ?? 0, 0))
        if high - low < 1e-9 { (low, high) = (0, 1) }
        let width = 1_000 / Double(days.count)
        // Halves, because the difference of two numbers can exceed the largest number.
        func y(_ value: Double) -> Double { round((high / 2 - value / 2) / (high / 2 - low / 2) * 100) }
        var drawing = [0.0, 50, 100, y(0)].map { #"<line class="rule" x1="0" x2="1000" y1="\#($0)" y2="\#($0)"/>"# }
        for ((place, _, _), value) in zip(known, numbers) {
            let (top, bottom) = (y(max(value, 0)), y(min(value, 0)))
            let sign = value < 0 ? "bar minus" : "bar"
            let x = round(width * (Double(place) + 0.15))
            drawing.append(
                #"<rect class="\#(sign)" x="\#(x)" width="\#(round(width * 0.7))" y="\#(top)" height="\#(max(round(bottom - top), 0.5))"/>"#
            )
        }
        let table = Table(
            caption: title,
            columns: [.init("Day"), .init("Value", isNumeric: true)],
            rows: known.map { Row(key: $0.1, cells: [.text($0.1), .amount($0.2, signed: true)]) }
        )
        let (least, most) = (numbers.min() ?? 0, numbers.max() ?? 0)
        let line = Line(
            id: id,
            title: title,
            description:
                "\(known.count) days from \(Figures.decimal(least)) to \(Figures.decimal(most)), last \(Figures.amount(last.2, signed: true))",
            drawing: drawing.joined(),
            isLow: false,
            values: [high, high / 2 + low / 2, low].map { Figures.decimal($0) },
            times: labels(days)
        )
        return Chart(title: title, content: .line(line), table: table.labelled())
    }

    /// At most five days, evenly spaced, without their years. They stay in UTC, like the days.
    private static func labels(_ days: [String]) -> [TimeScale.Tick] {
        let places = days.count > 5 ? (0...4).map { $0 * (days.count - 1) / 4 } : Array(days.indices)
        return places.map { place in
            let x = round((Double(place) + 0.5) / Double(days.count) * 100)
            return TimeScale.Tick(x: "\(x)%", iso: nil, text: String(days[place].dropFirst(5)))
        }
    }
}
