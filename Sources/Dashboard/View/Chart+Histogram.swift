import ContractRuntime
import Generated

extension Chart {
    /// One bar per bucket of a distribution. Bars of equal width, because the buckets grow with the distance from 0.
    ///
    /// - Parameters:
    ///   - unit: The unit of the bounds, such as `bps`.
    ///   - isSigned: Whether values below 0 are better than expected; their bars have another colour.
    /// - Returns: Nil without samples.
    static func histogram(
        _ id: String,
        _ title: String,
        _ bounds: [Double],
        _ counts: [Int],
        unit: String,
        isSigned: Bool = false
    ) -> Chart? {
        let total = counts.reduce(0) { $0.addingSaturated($1) }
        guard total > 0, counts.count == bounds.count.addingSaturated(1) else { return nil }
        let height = ValueScale([0] + counts.map(Double.init), isDrawdown: false)
        let width = 1_000 / Double(counts.count)
        var drawing = height.ticks.map { value in
            let y = height.place(value)
            return #"<line class="rule" x1="0" x2="1000" y1="\#(y)" y2="\#(y)"/>"#
        }
        let buckets = counts.enumerated().map { place, count in
            let isBetter = isSigned && place < bounds.count && bounds[place] <= 0
            let x = round(width * (Double(place) + 0.06))
            let top = height.place(Double(count))
            // A rare value stays visible; a bucket without samples has no bar.
            let tall = count > 0 ? max(round(100 - top), 1) : 0
            drawing.append(
                #"<rect class="bar\#(isBetter ? " better" : "")" x="\#(x)" width="\#(round(width * 0.88))" y="\#(round(100 - tall))" height="\#(tall)"/>"#
            )
            let share = Double(count) / Double(total)
            return Row(
                key: "\(place)",
                cells: [
                    .text(Self.bucket(place, bounds, unit)), .number(Figures.count(count)),
                    .number(Figures.percent(share)),
                ]
            )
        }
        let table = Table(
            caption: title,
            columns: [.init("From, up to"), .init("Samples", isNumeric: true), .init("Share", isNumeric: true)],
            rows: buckets
        )
        let line = Line(
            id: id,
            title: title,
            description: "\(Figures.count(total)) samples in \(counts.count) buckets",
            drawing: drawing.joined(),
            isLow: false,
            values: height.ticks.reversed().map { Figures.decimal($0, height.decimals) },
            times: bounds.enumerated().map { place, bound in
                let x = round(width * (Double(place) + 1) / 10)
                return TimeScale.Tick(x: "\(x)%", iso: nil, text: Self.mark(bound))
            }
        )
        return Chart(title: title, content: .line(line), table: table.labelled())
    }

    /// The text of a bound on the axis, where a long one has no room.
    private static func mark(_ value: Double) -> String {
        value >= 1_000 ? "\(Figures.decimal(value / 1_000, 0))k" : bound(value)
    }

    private static func bound(_ value: Double) -> String { Figures.decimal(value, 0) }

    /// The range of a bucket as a text. A bound is part of the bucket above it.
    static func bucket(_ place: Int, _ bounds: [Double], _ unit: String) -> String {
        guard let first = bounds.first, let last = bounds.last else { return "all" }
        if place <= 0 { return "below \(bound(first)) \(unit)" }
        if place >= bounds.count { return "\(bound(last)) \(unit) and more" }
        return "\(bound(bounds[place - 1])) to \(bound(bounds[place])) \(unit)"
    }
}

extension ExecutionDistribution {
    /// The percentiles; nil without samples.
    var percentiles: String? {
        guard let p50, let p95, let p99 else { return nil }
        return "p50 \(Figures.decimal(p50)) · p95 \(Figures.decimal(p95)) · p99 \(Figures.decimal(p99))"
    }
}

extension Sparkline {
    /// The bars of a distribution, without labels.
    ///
    /// - Parameters:
    ///   - better: The number of buckets, from the first on, that have another colour.
    ///   - label: The text for screen readers.
    /// - Returns: Nil without samples.
    init?(counts: [Int], better: Int, label: String) {
        guard let most = counts.max(), most > 0 else { return nil }
        self.label = label
        let width = 96 / Double(counts.count)
        drawing = counts.enumerated().filter { $0.element > 0 }.map { place, count in
            let tall = max(Chart.round(Double(count) / Double(most) * 24), 1)
            let look = place < better ? "bar better" : "bar"
            let x = Chart.round(width * Double(place))
            return
                #"<rect class="\#(look)" x="\#(x)" width="\#(Chart.round(width * 0.8))" y="\#(Chart.round(24 - tall))" height="\#(tall)"/>"#
        }.joined()
    }
}
