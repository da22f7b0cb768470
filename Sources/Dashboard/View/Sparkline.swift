import ContractRuntime

/// A small chart of a value over time. Unknown values are gaps.
struct Sparkline {
    let label: String
    /// SVG that contains only numbers, so it needs no escaping.
    let drawing: String

    /// - Parameter values: The values at equal intervals, oldest first; nil for unknown.
    /// - Returns: Nil for fewer than two known values.
    init?(_ values: [Decimal?]) {
        let known = values.enumerated().compactMap { place, value in value.map { (place: place, value: $0) } }
        guard known.count > 1, let first = known.first?.value, let last = known.last?.value,
            let least = known.map(\.value).min(), let most = known.map(\.value).max()
        else { return nil }
        label =
            "\(Figures.amount(first)) to \(Figures.amount(last)), between \(Figures.amount(least)) and \(Figures.amount(most))"
        // Halves, because the difference of two numbers can exceed the largest number.
        let (low, height) = (least.approximate / 2, most.approximate / 2 - least.approximate / 2)
        let step = 90 / Double(values.count - 1)
        let points = known.map { place, value in
            let share = height > 0 ? (value.approximate / 2 - low) / height : 0.5
            return (place: place, x: Self.round(3 + Double(place) * step), y: Self.round(21 - share * 18))
        }
        var pieces: [String] = []
        for (index, point) in points.enumerated() {
            let place = "\(point.x),\(point.y)"
            if index > 0, points[index - 1].place == point.place - 1 {
                pieces[pieces.count - 1] += " \(place)"
            } else {
                pieces.append(place)
            }
        }
        let dot = points[points.count - 1]
        drawing =
            pieces.map { #"<polyline class="curve" points="\#($0)"/>"# }.joined()
            + #"<circle cx="\#(dot.x)" cy="\#(dot.y)" r="2"/>"#
    }

    private static func round(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
