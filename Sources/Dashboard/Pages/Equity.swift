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
                case .deployment: Self.deployment(event)
                }
            },
            omitted: timeline.total - timeline.events.count,
            isExact: timeline.totalIsExact
        )
    }

    /// A changed version or strategy.
    static func deployment(_ event: FleetTimelineEventsItem) -> Chart.Annotation {
        Chart.Annotation(
            kind: .version,
            from: event.at,
            label: [event.targetID, event.text].compactMap(\.self).joined(separator: ": "),
            href: event.targetID.map { "/bots?q=\(PercentEncoding.encode($0))" }
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
            var annotations = annotations
            annotations.members += curve.coverage
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

extension EquityCurve {
    /// The maximum number of marked changes.
    private static var coveragesShown: Int { 6 }

    /// The times from which the equity is that of more or fewer instances, the newest ones: such a step is no profit or loss.
    fileprivate var coverage: [Chart.Annotation] {
        let changes = zip(points, points.dropFirst()).compactMap { before, after -> Chart.Annotation? in
            guard let old = before.instances, let new = after.instances, old != new else { return nil }
            let text =
                "\(Figures.count(new)) \(new == 1 ? "instance" : "instances") in the equity, \(Figures.count(old)) before"
            return Chart.Annotation(kind: .coverage, from: after.timestamp, label: text)
        }
        return changes.suffix(Self.coveragesShown)
    }
}
