import ContractRuntime
import Generated

// The metrics of an instance: charts of some, and the newest value of each.

extension Dashboard {
    /// The metrics with a chart on the overview, from top to bottom.
    private static var charted: [String] {
        ["equity", "gross_exposure", "net_exposure", "realized_pnl", "unrealized_pnl", "latency_ms"]
    }
    /// The maximum number of charts on the overview.
    private static var chartsShown: Int { 4 }

    /// Charts of the usual metrics of an instance, in one column over the same range.
    ///
    /// - Parameter presence: The heartbeats, whose gaps are marked.
    func charts(of instance: Instance, _ presence: Presence, _ request: WebRequest) async throws(Problem) -> [Block] {
        let page = try await api.listMetrics(input(request, ["page_size": "200"], path: [instance.instanceID])).body
        let metrics = Self.charted.flatMap { type in page.items.filter { $0.metricType.hasSameScalars(as: type) } }
        // A metric in several currencies has several entries, but one chart.
        var known: Set<[ExactText]> = []
        let charted = metrics.filter { known.insert([ExactText($0.metricType), ExactText($0.symbol)]).inserted }
        var events = charted.isEmpty ? .none : try await events(of: instance, presence, request)
        var blocks: [Block] = []
        for (place, metric) in charted.prefix(Self.chartsShown).enumerated() {
            blocks.append(
                try await chart(of: metric.metricType, metric.symbol, of: instance, at: place, with: events, request)
            )
            events.isListed = false
        }
        if !blocks.isEmpty { return blocks }
        let text = "No equity, exposure, PnL or latency reported. Bots report them with POST /ingest/metrics."
        return [Block("series-0", "Metrics", .text(text))]
    }

    /// A chart of a metric over the requested range. The first one of a page offers other ranges.
    private func chart(
        of type: String,
        _ symbol: String,
        of instance: Instance,
        at place: Int,
        with events: Chart.Annotations = .none,
        _ request: WebRequest
    ) async throws(Problem) -> Block {
        let range = TimeRange(request)
        let one: Fields = ["instance_id": instance.instanceID, "metric_type": type, "symbol": symbol]
        let series = try await api.getSeries(input(request, one.and(range.query))).body
        let points = series.points.map { Chart.Point(time: $0.timestamp, value: $0.value.approximate) }
        let id = "series-\(place)"
        let title = "\(MetricTitle.text(type)), \(symbol), \(range.text)"
        let chart = Chart.line("\(id)-chart", title, points, over: range.scale(), annotations: events)
        let csv = "/api/analytics/series.csv?\(one.and(range.query).with("limit", nil).text)"
        let links = Fields(of: ["tab", "metric_type", "symbol"].map { ($0, request.query[$0]) })
        return Block(
            id,
            title,
            asOf: .now,
            more: Block.Link(text: "CSV", href: csv),
            choices: place == 0 ? range.choices(instance.page, links) : [],
            chart.map { .chart($0) } ?? .text("— No samples in this range. Select a longer range.")
        )
    }

    /// The maximum number of commands, and of alerts, that are marked in charts.
    private static var eventsShown: Int { 20 }

    /// The newest commands and alerts of an instance, and the gaps of its heartbeats, as annotations.
    private func events(of instance: Instance, _ presence: Presence, _ request: WebRequest) async throws(Problem)
        -> Chart.Annotations
    {
        let newest: Fields = ["page_size": "\(Self.eventsShown)"]
        let id = instance.instanceID
        let commands = try await api.listCommands(input(request, newest.with("instance_id", id))).body
        let alerts = try await api.listAlerts(input(request, newest.with("target_id", id))).body
        let deployments = try await api.getFleetTimeline(
            input(
                request,
                [
                    "instance_id": id, "kind": FleetEventKind.deployment.rawValue,
                    "from": TimeRange(request).query["from"],
                ]
            )
        ).body.events.map { event in
            Chart.Annotation(kind: .version, from: event.at, label: event.text)
        }
        let silences = HeartbeatStrip.silences(presence).map { silence in
            Chart.Annotation(kind: .silence, from: silence.from, until: silence.until, label: "No heartbeats")
        }
        return Chart.Annotations(
            members: silences + deployments
                + commands.items.map { command in
                    Chart.Annotation(
                        kind: .command,
                        from: command.createdAt,
                        label: "\(command.commandType.rawValue) by \(command.createdBy), \(command.status.rawValue)",
                        href: "/commands/\(command.commandID.text)"
                    )
                }
                + alerts.items.map { alert in
                    Chart.Annotation(
                        kind: .alert,
                        from: alert.firstAt,
                        label: alert.message,
                        href: "/alerts/\(alert.alertID.text)"
                    )
                }
        )
    }

    /// The newest value of each metric, and the charts of the selected ones.
    func metrics(of instance: Instance, _ request: WebRequest) async throws(Problem) -> [Block] {
        let page = try await api.listMetrics(
            input(request, ["page": request.query["page"], "page_size": "50"], path: [instance.instanceID])
        ).body
        let table = Self.catalogue(page, of: instance)
        let catalogue = Block("catalogue", "Newest values", asOf: page.generatedAt, .table(table))
        guard let names = request.query["metric_type"] else { return [catalogue] }
        let symbol = request.query["symbol"] ?? instance.symbol
        var blocks = [Block("picker", "Series", .form(Self.picker(names, symbol, of: instance, request)))]
        for (place, name) in names.split(separator: ",").prefix(6).enumerated() {
            let type = String(name.trimmingPrefix { $0 == " " })
            blocks.append(try await chart(of: type, symbol, of: instance, at: place, request))
        }
        return blocks + [catalogue]
    }

    private static func catalogue(_ page: MetricPage, of instance: Instance) -> Table {
        let tab: Fields = ["tab": BotTab.metrics.rawValue]
        var table = Table(
            caption: "Metrics",
            columns: [
                .init("Metric"), .init("Symbol"), .init("Value", isNumeric: true), .init("Currency"),
                .init("Reported", isNumeric: true),
            ],
            rows: page.items.map { metric in
                let link = tab.and(["metric_type": metric.metricType, "symbol": metric.symbol])
                return Row(
                    key: "\(metric.metricType) \(metric.symbol) \(metric.currency ?? "")",
                    cells: [
                        .id(
                            metric.metricType,
                            href: "\(instance.page)?\(link.text)",
                            note: MetricTitle.note(metric.metricType)
                        ), .text(metric.symbol),
                        .number(Figures.quantity(metric.value)), .text(metric.currency), .age(metric.timestamp),
                    ]
                )
            },
            empty: Table.Empty(text: "No metrics reported. Bots report them with POST /ingest/metrics.")
        )
        table.pages = Table.Pages(instance.page, tab, page: page.page, size: page.pageSize, total: page.total)
        return table.labelled()
    }

    private static func picker(
        _ names: String,
        _ symbol: String,
        of instance: Instance,
        _ request: WebRequest
    ) -> Form {
        Form(
            action: instance.page,
            method: "get",
            hidden: [
                Form.Hidden(name: "tab", value: BotTab.metrics.rawValue),
                Form.Hidden(name: "range", value: TimeRange(request).rawValue),
            ],
            fields: [
                Form.Field(
                    "metric_type",
                    "Metrics",
                    value: names,
                    hint: "Up to six, separated by commas",
                    isRequired: true
                ),
                Form.Field("symbol", "Symbol", value: symbol, isRequired: true),
            ],
            buttons: [Form.Button("Show metrics")]
        )
    }
}
