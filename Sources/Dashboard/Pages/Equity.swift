import ContractRuntime
import Generated

// Equity and drawdown over time.

extension Dashboard {
    /// The maximum number of currencies with a curve.
    private static var curvesDrawn: Int { 4 }

    /// The recorded equity of the fleet, or that of the samples of a symbol: one curve, or one per currency if there is no common one.
    func equityCurves(_ query: Fields, _ request: WebRequest) async throws(Problem) -> [EquityCurve] {
        let common = try await equityCurve(query, request)
        guard common.currency == nil, common.points.isEmpty else { return [common] }
        let currencies = common.otherCurrencies.compactMap(\.self).prefix(Self.curvesDrawn)
        var own = query
        // Pages with many curves have fewer points of each, because every point is also in a table.
        if currencies.count > 2, let step = query["step_seconds"].flatMap({ Int($0) }) {
            own = query.with("step_seconds", "\(min(step.multipliedSaturated(by: 2), 86_400))")
        }
        var curves: [EquityCurve] = []
        for currency in currencies {
            curves.append(try await equityCurve(own.with("currency", currency), request))
        }
        return curves.isEmpty ? [common] : curves
    }

    private func equityCurve(_ query: Fields, _ request: WebRequest) async throws(Problem) -> EquityCurve {
        if query["symbol"] == nil { return try await api.getFleetEquity(input(request, query)).body }
        return try await api.getEquityCurve(input(request, query)).body
    }

    /// The newest commands and alerts of the fleet in the range, as annotations.
    func timeline(_ mode: RuntimeMode?, _ range: TimeRange, _ request: WebRequest) async throws(Problem)
        -> Chart.Annotations
    {
        let query = Fields(of: [("mode", mode?.rawValue), ("from", range.query["from"])])
        let timeline = try await api.getFleetTimeline(input(request, query)).body
        return Chart.Annotations(
            members: timeline.events.map { event in
                switch event.kind {
                case .command:
                    Chart.Annotation(
                        kind: .command,
                        from: event.at,
                        label: [event.text, event.targetID].compactMap(\.self).joined(separator: " "),
                        href: "/commands/\(event.id.text)"
                    )
                case .bulk:
                    Chart.Annotation(
                        kind: .command,
                        from: event.at,
                        label: "\(event.text) to several instances",
                        href: "/command-bulks/\(event.id.text)"
                    )
                case .alert:
                    Chart.Annotation(
                        kind: .alert,
                        from: event.at,
                        label: event.text,
                        href: "/alerts/\(event.id.text)"
                    )
                }
            },
            omitted: timeline.total - timeline.events.count,
            isExact: timeline.totalIsExact
        )
    }

    /// The charts of equity and drawdown. The links to other ranges lead to `path`.
    static func equity(
        _ curves: [EquityCurve],
        _ range: TimeRange,
        mode: String?,
        _ path: String,
        _ query: Fields = .none,
        annotations: Chart.Annotations = .none
    ) -> [Block] {
        curves.enumerated().flatMap { place, curve in
            let names = [mode, curve.currency, range.text].compactMap(\.self).joined(separator: ", ")
            let scale = range.scale(now: curve.generatedAt)
            let line = Chart.line(
                "equity-\(place)-chart",
                "Equity, \(names)",
                curve.points.map { Chart.Point(time: $0.timestamp, value: $0.equity.approximate) },
                over: scale,
                annotations: annotations
            )
            let depth = Chart.line(
                "depth-\(place)-chart",
                "Drawdown, \(names)",
                curve.points.map { Chart.Point(time: $0.timestamp, value: -$0.drawdownPct) },
                over: scale,
                isDrawdown: true
            )
            let first = Block(
                "equity-\(place)",
                "Equity, \(names)",
                shape: depth == nil ? "" : "wide",
                asOf: curve.generatedAt,
                note: "\(curve.note(isOnly: curves.count == 1)) ·",
                choices: place == 0 ? range.choices(path, query) : [],
                line.map { .chart($0) } ?? .text(curve.reasonEmpty)
            )
            guard let depth else { return [first] }
            return [
                first,
                Block("depth-\(place)", "Drawdown, \(names)", shape: "narrow", asOf: curve.generatedAt, .chart(depth)),
            ]
        }
    }

    /// The figures of a curve. Peak and drawdown also consider the times between its points.
    static func equityFigures(_ curve: EquityCurve, isOnly: Bool, _ range: TimeRange) -> [Block.Figure] {
        func share(_ value: Double?) -> String { value.map { Figures.percent($0) } ?? "—" }
        let unit = curve.currency.map { ", \($0)" } ?? ""
        return [
            Block.Figure(
                "Latest equity\(unit)",
                Figures.amount(curve.points.last?.equity),
                note: curve.note(isOnly: isOnly)
            ),
            Block.Figure("Peak equity\(unit)", Figures.amount(curve.peakEquity)),
            Block.Figure("Largest drawdown", share(curve.maxDrawdownPct), note: "in \(range.text)"),
            Block.Figure("Current drawdown", share(curve.points.last?.drawdownPct), note: "from the peak"),
        ]
    }
}
