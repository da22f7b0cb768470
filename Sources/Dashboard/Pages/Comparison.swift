import ContractRuntime
import Generated

extension Dashboard {
    /// The maximum number of instances on the page: more lines are hard to distinguish.
    private static var mostCompared: Int { 6 }

    /// `/compare?instance=…`: the equity of instances, each 100 at the start of the range, and their figures.
    func comparison(_ request: WebRequest) async throws(Problem) -> PageView {
        let ids = request.query.all("instance")
        let range = TimeRange(request, else: .week)
        var instances: [Instance] = []
        var curves: [Chart.Curve] = []
        for id in ids.prefix(Self.mostCompared) {
            let found = try await api.listInstances(input(request, ["instance_id": id])).body
            guard let instance = found.items.first else { continue }
            instances.append(instance)
            let query = Fields(of: [
                ("instance_id", id), ("metric_type", "equity"), ("symbol", instance.symbol),
                ("currency", instance.currency),
            ])
            let series = try await api.getSeries(input(request, query.and(range.coarseQuery))).body
            let values = series.points.map { Chart.Point(time: $0.timestamp, value: $0.value.approximate) }
            curves.append(Chart.Curve(name: instance.instanceID, points: values.indexed))
        }
        let title = "Equity, \(range.text), 100 at the start"
        let chart = Chart.lines("compared-chart", title, curves, over: range.scale())
        let links = Fields(of: ids.map { ("instance", $0) })
        let table = Table(
            caption: "Compared instances",
            columns: Instance.performanceColumns.map { title, sort in
                Table.Column(title, isNumeric: sort?.isOfFigure ?? false)
            },
            rows: instances.map(\.performanceRow),
            empty: Table.Empty(text: "No instances are selected. Select some on the page Bots, then choose Compare.")
        )
        return PageView(
            title: "Compare",
            note: ids.count > Self.mostCompared ? "the first \(Self.mostCompared) of \(ids.count) instances" : nil,
            blocks: [
                Block(
                    "compared",
                    "Equity, 100 at the start of the range",
                    asOf: .now,
                    choices: range.choices("/compare", links),
                    chart.map { .chart($0) } ?? .text("— No equity above 0 in this range. Select a longer range.")
                ),
                Block("figures", "Figures", asOf: .now, .table(table.labelled())),
            ]
        )
    }
}

extension [Chart.Point] {
    /// The values in percent of the first one; empty if that is not positive.
    var indexed: [Chart.Point] {
        guard let first = first?.value, first > 0 else { return [] }
        return map { point in
            // Dividing first keeps the largest numbers finite.
            Chart.Point(time: point.time, value: Swift.min(point.value / first * 100, Double.greatestFiniteMagnitude))
        }
    }
}
