import ContractRuntime

/// A drawing of numbers, and the same numbers as a table.
struct Chart {
    let title: String
    /// What it shows, in a sentence, for whoever does not see it.
    let description: String
    /// The drawing's parts: numbers, and names that the pages themselves give, never a caller's text. So nothing in them has to be escaped.
    let drawing: String
    let width: Int
    let height: Int
    var table: Table?
    let id: String
}

extension Chart {
    /// A curve over time. Two points that are further apart than usual are not joined: a gap is shown as one.
    static func line(
        _ id: String,
        _ title: String,
        _ points: [(time: Timestamp, value: Double)],
        value format: (Double) -> String,
        depth: Bool = false
    ) -> Chart? {
        guard let first = points.first, let last = points.last, points.count > 1 else { return nil }
        let (width, height, left, bottom) = (1_120, depth ? 104 : 216, 88, 24)
        let values = points.map(\.value)
        var (low, high) = (values.min() ?? 0, values.max() ?? 1)
        if depth { high = max(high, 0) }
        if high - low < 1e-9 { (low, high) = depth ? (low - 1, high) : (low - 1, high + 1) }
        let span = Double(last.time.microsecondsSinceEpoch - first.time.microsecondsSinceEpoch)
        func x(_ time: Timestamp) -> Double {
            let passed = Double(time.microsecondsSinceEpoch - first.time.microsecondsSinceEpoch)
            return Double(left) + (span > 0 ? passed / span : 0) * Double(width - left - 8)
        }
        func y(_ value: Double) -> Double {
            8 + (high - value) / (high - low) * Double(height - bottom - 16)
        }
        var drawing = ""
        for step in 0...(depth ? 1 : 3) {
            let value = high - (high - low) * Double(step) / (depth ? 1 : 3)
            let place = round(y(value))
            drawing += #"<line class="rule" x1="\#(left)" x2="\#(width - 8)" y1="\#(place)" y2="\#(place)"/>"#
            drawing += #"<text x="\#(left - 8)" y="\#(place + 4)" text-anchor="end">\#(format(value))</text>"#
        }
        for step in 0...4 {
            let micros = first.time.microsecondsSinceEpoch + Int64(span / 4 * Double(step))
            let text = "\(Timestamp(microsecondsSinceEpoch: micros))"
            // The day says more than the time where there are several.
            let label = span > 172_800_000_000 ? text.dropFirst(5).prefix(5) : text.dropFirst(11).prefix(5)
            let anchor = step == 0 ? "start" : step == 4 ? "end" : "middle"
            let place = round(x(Timestamp(microsecondsSinceEpoch: micros)))
            drawing += #"<text x="\#(place)" y="\#(height - 4)" text-anchor="\#(anchor)">\#(label)</text>"#
        }
        let usual = span / Double(points.count - 1)
        for piece in pieces(points, longest: Int64(usual * 4)) {
            let path = piece.map { "\(round(x($0.time))),\(round(y($0.value)))" }.joined(separator: " ")
            let floor = depth ? y(0) : Double(height - bottom)
            let (begin, end) = (round(x(piece[0].time)), round(x(piece[piece.count - 1].time)))
            let area = "\(begin),\(round(floor)) \(path) \(end),\(round(floor))"
            drawing += #"<polygon class="\#(depth ? "deep" : "area")" points="\#(area)"/>"#
            if !depth { drawing += #"<polyline class="curve" points="\#(path)"/>"# }
        }
        let range = "\(format(values.min() ?? 0)) to \(format(values.max() ?? 0)), last \(format(last.value))"
        let table = Table(
            caption: title,
            columns: [.init("Time"), .init("Value", isNumeric: true)],
            rows: points.suffix(200).map { point in
                Row(key: "\(point.time)", cells: [.time(Moment(point.time)), .number(format(point.value))])
            }
        )
        return Chart(
            title: title,
            description: range,
            drawing: drawing,
            width: width,
            height: height,
            table: table.labelled(),
            id: id
        )
    }

    /// The points in pieces between gaps.
    private static func pieces(_ points: [(time: Timestamp, value: Double)], longest: Int64) -> [[(
        time: Timestamp, value: Double
    )]] {
        var pieces: [[(time: Timestamp, value: Double)]] = []
        for point in points {
            let previous = pieces.last?.last?.time.microsecondsSinceEpoch ?? .min / 2
            if point.time.microsecondsSinceEpoch - previous > longest {
                pieces.append([point])
            } else {
                pieces[pieces.count - 1].append(point)
            }
        }
        return pieces
    }

    /// Bars to the right of nothing, or to the left where they are negative.
    static func bars(_ id: String, _ title: String, _ bars: [(name: String, value: Double, text: String)]) -> Chart {
        let (width, left, step) = (560, 120, 28)
        let height = bars.count * step + 8
        let largest = max(bars.map { abs($0.value) }.max() ?? 1, 1e-9)
        let hasMinus = bars.contains { $0.value < 0 }
        let room = Double(width - left - 120)
        let zero = Double(left) + (hasMinus ? room / 2 : 0)
        let scale = (hasMinus ? room / 2 : room) / largest
        var drawing = ""
        for (place, bar) in bars.enumerated() {
            let y = place * step + 8
            let length = max(abs(bar.value) * scale, 1)
            let x = bar.value < 0 ? zero - length : zero
            let look = bar.value < 0 ? "bar minus" : "bar"
            drawing += #"<text x="0" y="\#(y + 14)">\#(bar.name)</text>"#
            drawing +=
                #"<rect class="\#(look)" x="\#(round(x))" y="\#(y)" width="\#(round(length))" height="18" rx="2"/>"#
            drawing += #"<text x="\#(width)" y="\#(y + 14)" text-anchor="end">\#(bar.text)</text>"#
        }
        drawing += #"<line class="rule" x1="\#(round(zero))" x2="\#(round(zero))" y1="0" y2="\#(height)"/>"#
        let description = bars.map { "\($0.name) \($0.text)" }.joined(separator: ", ")
        let table = Table(
            caption: title,
            columns: [.init("Name"), .init("Value", isNumeric: true)],
            rows: bars.map { Row(key: $0.name, cells: [.text($0.name), .number($0.text)]) }
        )
        return Chart(
            title: title,
            description: description,
            drawing: drawing,
            width: width,
            height: height,
            table: table.labelled(),
            id: id
        )
    }

    private static func round(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
