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
        case calendar(Calendar)
    }

    /// A square for each day of a year.
    struct Calendar {
        let title: String
        /// The text for screen readers.
        let description: String
        /// SVG that contains only numbers and our own class names, so it needs no escaping.
        let drawing: String
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
        /// The labels of the values, from the highest to the lowest, at equal distances.
        let values: [String]
        let times: [TimeScale.Tick]
        /// The range in RFC 3339, for the script that draws the chart; nil if the values belong to days.
        var range: Range?
        var notes: Notes?
        /// The names of several curves.
        var legend: Legend?
    }

    struct Range {
        let from: String
        let to: String

        init(_ scale: TimeScale) { (from, to) = ("\(scale.from)", "\(scale.to)") }
    }

    struct Legend {
        let members: [Entry]

        /// The name of a curve, and the CSS class of its stroke.
        struct Entry {
            let name: String
            let look: String
        }
    }

    /// A named curve.
    struct Curve {
        let name: String
        let points: [Point]
    }

    /// A value at a time.
    struct Point {
        let time: Timestamp
        let value: Double
    }

    /// A named number, and its position on a scale of 0 to 100.
    struct Bar {
        let name: String
        let text: String
        let start: Double
        let length: Double
        let zero: Double
        let isNegative: Bool
        /// The page that explains the number.
        var href: String?
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
        case ("calendar", .calendar(let calendar)): calendar
        default: nil
        }
    }
}

extension Chart {
    /// A curve over time. Points that are more than four average intervals apart are not joined, so that gaps stay visible.
    ///
    /// - Parameters:
    ///   - scale: The time that the chart shows, which has all points.
    ///   - isDrawdown: Whether values are fractions, 0 or negative, and the area hangs from 0.
    ///   - annotations: Events and periods; those outside the range are not shown.
    /// - Returns: Nil without points.
    static func line(
        _ id: String,
        _ title: String,
        _ points: [Point],
        over scale: TimeScale,
        isDrawdown: Bool = false,
        annotations: Annotations = .none
    ) -> Chart? {
        guard let first = points.first, let last = points.last else { return nil }
        let values = points.map(\.value)
        let height = ValueScale(values, isDrawdown: isDrawdown)
        func label(_ value: Double, _ more: Int = 0) -> String {
            isDrawdown
                ? "\(Figures.decimal(value * 100, max(height.decimals - 2, 0) + more)) %"
                : Figures.decimal(value, height.decimals + more)
        }
        // Values have more digits than ticks.
        func text(_ value: Double) -> String { label(value, max(2 - height.decimals, 1)) }
        func place(_ point: Point) -> String { "\(scale.place(point.time)),\(height.place(point.value))" }
        var drawing = height.ticks.map { value in
            let y = height.place(value)
            return #"<line class="rule" x1="0" x2="1000" y1="\#(y)" y2="\#(y)"/>"#
        }
        drawing += annotations.drawing(over: scale)
        let averageInterval = Double(first.time.microseconds(until: last.time)) / Double(max(points.count - 1, 1))
        for piece in pieces(points, longest: Int64(saturating: averageInterval * 4)) {
            guard let start = piece.first, let end = piece.last else { continue }
            if piece.count == 1 {
                drawing.append(#"<path class="dot" d="M\#(place(start))h0"/>"#)
                continue
            }
            let path = piece.map(place).joined(separator: " ")
            let floor = isDrawdown ? height.place(0) : 100
            let area = "\(scale.place(start.time)),\(floor) \(path) \(scale.place(end.time)),\(floor)"
            drawing.append(#"<polygon class="\#(isDrawdown ? "deep" : "area")" points="\#(area)"/>"#)
            if !isDrawdown { drawing.append(#"<polyline class="curve" points="\#(path)"/>"#) }
        }
        let table = Table(
            caption: title,
            columns: [.init("Time"), .init("Value", isNumeric: true)],
            rows: points.map { point in
                Row(key: "\(point.time)", cells: [.time(Moment(point.time)), .number(text(point.value))])
            }
        )
        let line = Line(
            id: id,
            title: title,
            description: "\(text(values.min() ?? 0)) to \(text(values.max() ?? 0)), last \(text(last.value))",
            drawing: drawing.joined(),
            isLow: isDrawdown,
            values: height.ticks.reversed().map { label($0) },
            times: scale.ticks,
            range: Range(scale),
            notes: Notes(annotations, over: scale, chart: id)
        )
        return Chart(title: title, content: .line(line), table: table.labelled())
    }

    /// Several curves over the same time and on the same scale.
    ///
    /// - Returns: Nil without points.
    static func lines(
        _ id: String,
        _ title: String,
        _ curves: [Curve],
        over scale: TimeScale,
        annotations: Annotations = .none
    ) -> Chart? {
        let values = curves.flatMap { $0.points.map(\.value) }
        if values.isEmpty { return nil }
        let height = ValueScale(values, isDrawdown: false)
        func text(_ value: Double) -> String { Figures.decimal(value, max(height.decimals, 2)) }
        var drawing = height.ticks.map { value in
            let y = height.place(value)
            return #"<line class="rule" x1="0" x2="1000" y1="\#(y)" y2="\#(y)"/>"#
        }
        drawing += annotations.drawing(over: scale)
        var rows: [Row] = []
        for (number, curve) in curves.enumerated() where !curve.points.isEmpty {
            let path = curve.points.map { "\(scale.place($0.time)),\(height.place($0.value))" }.joined(separator: " ")
            drawing.append(#"<polyline class="curve c\#(number)" points="\#(path)"/>"#)
            rows += curve.points.map { point in
                Row(
                    key: "\(number) \(point.time)",
                    cells: [.time(Moment(point.time)), .number(text(point.value)), .id(curve.name)]
                )
            }
        }
        let ends = curves.compactMap { curve in curve.points.last.map { "\(curve.name) \(text($0.value))" } }
        let line = Line(
            id: id,
            title: title,
            description: "last values: \(ends.joined(separator: ", "))",
            drawing: drawing.joined(),
            isLow: false,
            values: height.ticks.reversed().map { Figures.decimal($0, height.decimals) },
            times: scale.ticks,
            range: Range(scale),
            notes: Notes(annotations, over: scale, chart: id),
            legend: Legend(members: curves.enumerated().map { Legend.Entry(name: $1.name, look: "c\($0)") })
        )
        let columns = [Table.Column("Time"), Table.Column("Value", isNumeric: true), Table.Column("Instance")]
        return Chart(
            title: title,
            content: .line(line),
            table: Table(caption: title, columns: columns, rows: rows).labelled()
        )
    }

    /// The points, split at gaps.
    private static func pieces(_ points: [Point], longest: Int64) -> [[Point]] {
        var pieces: [[Point]] = []
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
