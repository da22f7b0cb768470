import ContractRuntime
import Mustache

/// A drawing of numbers, and the same numbers as a table. The drawing has no fixed size and no text: CSS stretches it to the available
/// space, and the labels are HTML beside it.
struct Chart {
    let title: String
    let content: Content
    let table: Table

    enum Content {
        case line(Line)
        case bars([Bar])
    }

    /// A curve over time.
    struct Line {
        let id: String
        let title: String
        /// The text for screen readers.
        let description: String
        /// SVG that contains only numbers, so it needs no escaping.
        let drawing: String
        /// Whether the plot is low, as for a drawdown.
        let isLow: Bool
        let values: [String]
        let times: [String]
    }

    /// A named number, and its position on a scale of 0 to 100.
    struct Bar {
        let name: String
        let text: String
        let start: Double
        let length: Double
        let zero: Double
        let isNegative: Bool
    }

    private struct Bars {
        let members: [Bar]
    }
}

extension Chart: MustacheParent {
    func child(named name: String) -> Any? {
        switch (name, content) {
        case ("title", _): title
        case ("table", _): table
        case ("line", .line(let line)): line
        case ("bars", .bars(let bars)): Bars(members: bars)
        default: nil
        }
    }
}

extension Chart {
    /// A curve over time. Points that are more than four average intervals apart are not joined, so that gaps stay visible.
    ///
    /// - Parameter isDrawdown: Whether values are 0 or negative and the area hangs from 0.
    /// - Returns: Nil for fewer than two points.
    static func line(
        _ id: String,
        _ title: String,
        _ points: [(time: Timestamp, value: Double)],
        value format: (Double) -> String,
        isDrawdown: Bool = false
    ) -> Chart? {
        guard let first = points.first, let last = points.last, points.count > 1 else { return nil }
        let values = points.map(\.value)
        let (least, most) = (values.min() ?? 0, values.max() ?? 1)
        var (low, high) = (least, isDrawdown ? max(most, 0) : most)
        // A flat line needs a margin, so that the labels of the scale differ.
        let margin = max(1, abs(high) / 1_000)
        if high - low < 1e-9 { (low, high) = isDrawdown ? (low - margin, high) : (low - margin, high + margin) }
        let span = Double(first.time.microseconds(until: last.time))
        func x(_ time: Timestamp) -> Double {
            let passed = Double(first.time.microseconds(until: time))
            return round(span > 0 ? passed / span * 1_000 : 0)
        }
        // Halves, because the difference of two numbers can exceed the largest number.
        func y(_ value: Double) -> Double { round((high / 2 - value / 2) / (high / 2 - low / 2) * 100) }
        let steps = isDrawdown ? 1 : 3
        var drawing = (0...steps).map { step in
            let place = round(Double(step) * 100 / Double(steps))
            return #"<line class="rule" x1="0" x2="1000" y1="\#(place)" y2="\#(place)"/>"#
        }.joined()
        let averageInterval = span / Double(points.count - 1)
        for piece in pieces(points, longest: Int64(saturating: averageInterval * 4)) {
            guard let start = piece.first, let end = piece.last else { continue }
            let path = piece.map { "\(x($0.time)),\(y($0.value))" }.joined(separator: " ")
            let floor = isDrawdown ? y(0) : 100
            let area = "\(x(start.time)),\(floor) \(path) \(x(end.time)),\(floor)"
            drawing += #"<polygon class="\#(isDrawdown ? "deep" : "area")" points="\#(area)"/>"#
            if !isDrawdown { drawing += #"<polyline class="curve" points="\#(path)"/>"# }
        }
        let times = (0...4).map { step in
            let passed = Int64(saturating: span / 4 * Double(step))
            let micros = first.time.microsecondsSinceEpoch.addingSaturated(passed)
            let text = "\(Timestamp(microsecondsSinceEpoch: micros))"
            // Ranges of more than two days are labelled with days.
            return String(span > 172_800_000_000 ? text.dropFirst(5).prefix(5) : text.dropFirst(11).prefix(5))
        }
        let table = Table(
            caption: title,
            columns: [.init("Time"), .init("Value", isNumeric: true)],
            rows: points.suffix(200).map { point in
                Row(key: "\(point.time)", cells: [.time(Moment(point.time)), .number(format(point.value))])
            }
        )
        let line = Line(
            id: id,
            title: title,
            description: "\(format(least)) to \(format(most)), last \(format(last.value))",
            drawing: drawing,
            isLow: isDrawdown,
            values: (0...steps).map { step in
                let share = Double(step) / Double(steps)
                return format(high * (1 - share) + low * share)
            },
            times: times
        )
        return Chart(title: title, content: .line(line), table: table.labelled())
    }

    /// The points, split at gaps.
    private static func pieces(_ points: [(time: Timestamp, value: Double)], longest: Int64) -> [[(
        time: Timestamp, value: Double
    )]] {
        var pieces: [[(time: Timestamp, value: Double)]] = []
        for point in points {
            if let previous = pieces.last?.last?.time, previous.microseconds(until: point.time) <= longest {
                pieces[pieces.count - 1].append(point)
            } else {
                pieces.append([point])
            }
        }
        return pieces
    }

    /// Horizontal bars that start at 0: positive to the right, negative to the left.
    static func bars(_ title: String, _ bars: [(name: String, value: Double, text: String)]) -> Chart {
        let largest = max(bars.map { abs($0.value) }.max() ?? 1, 1e-9)
        let zero = bars.contains { $0.value < 0 } ? 50.0 : 0
        let content = bars.map { bar in
            let length = max(abs(bar.value) / largest * (100 - zero), 0.5)
            return Bar(
                name: bar.name,
                text: bar.text,
                start: round(bar.value < 0 ? zero - length : zero),
                length: round(length),
                zero: zero,
                isNegative: bar.value < 0
            )
        }
        let table = Table(
            caption: title,
            columns: [.init("Name"), .init("Value", isNumeric: true)],
            rows: bars.map { Row(key: $0.name, cells: [.text($0.name), .number($0.text)]) }
        )
        return Chart(title: title, content: .bars(content), table: table.labelled())
    }

    static func round(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
