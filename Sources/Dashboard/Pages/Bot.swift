import ContractRuntime
import Generated

extension Dashboard {
    /// `/bots/{bot_id}/{instance_id}`, or `/bots/{bot_id}` if the bot has only one instance.
    func bot(_ botID: String, _ instanceID: String?, _ request: WebRequest) async throws(Problem) -> PageView {
        let page = try await api.listInstances(
            input(request, ["bot_id": botID, "instance_id": instanceID, "page_size": "200"])
        ).body
        guard let instance = page.items.first else {
            guard let instanceID else { throw .noPage }
            return try await retiredInstance(instanceID, request)
        }
        if page.items.count > 1 {
            return try await bots(request.withQuery(request.query.with("bot_id", botID)))
        }
        let tab = request.query["tab"] ?? "overview"
        let names = [
            "overview", "trades", "orders", "balances", "log", "commands", "alerts", "metrics", "execution", "costs",
            "reconciliation", "config", "audit",
        ]
        let drift = try await drift(of: botID, request)
        let facts = Self.facts(instance, drift, try await cause(of: instance, request))
        let head = Block("state", "Instance \(instance.instanceID)", asOf: page.generatedAt, .facts(facts))
        return PageView(
            title: instance.botID,
            tabs: names.map { name in
                PageView.Tab(
                    text: name.prefix(1).uppercased() + name.dropFirst(),
                    href: "\(instance.page)?tab=\(name)",
                    isCurrent: name == tab
                )
            },
            blocks: [head] + Self.banner(drift) + (try await blocks(tab, of: instance, request))
        )
    }

    /// Why an instance does not trade; nil if it does, or if it does not report.
    private func cause(of instance: Instance, _ request: WebRequest) async throws(Problem) -> Cell? {
        guard StateExplanation.explains(instance.status) else { return nil }
        if let cell = instance.stateCause.flatMap(StateExplanation.cell) { return cell }
        let query: Fields = ["instance_id": instance.instanceID, "page_size": "50"]
        return StateExplanation.cell(instance.status, try await api.listCommands(input(request, query)).body.items)
    }

    private func blocks(_ tab: String, of instance: Instance, _ request: WebRequest) async throws(Problem) -> [Block] {
        let one = Fields(of: [
            ("instance_id", instance.instanceID), ("page", request.query["page"]), ("page_size", "50"),
        ])
        let path = instance.page
        let links = Fields(of: [("tab", tab)])
        switch tab {
        case "trades": return try await trades(of: instance, request: request)
        case "orders": return try await orders(of: instance, request: request)
        case "balances": return try await balances(of: instance, request: request)
        case "log": return try await log(of: instance, request: request)
        case "commands":
            let page = try await api.listCommands(input(request, one)).body
            return [Block("commands", "Commands", asOf: .now, .table(Self.commandTable(page, path, links)))]
        case "alerts":
            let page = try await api.listAlerts(input(request, ["target_id": instance.instanceID, "page_size": "50"]))
                .body
            return [Block("alerts", "Alerts", asOf: .now, .table(Self.alertTable(page, path, links)))]
        case "metrics": return try await metrics(of: instance, request)
        case "execution":
            let page = try await api.listExecutionSamples(input(request, one)).body
            return [Block("execution", "Executions", asOf: .now, .table(Self.sampleTable(page, path, links, one)))]
        case "costs":
            let page = try await api.listCosts(input(request, one)).body
            return [Block("costs", "Costs", asOf: .now, .table(Self.costTable(page, path, links, one)))]
        case "reconciliation":
            let page = try await api.listReconcileResults(input(request, one)).body
            return [
                Block("reconciliation", "Reconciliation", asOf: .now, .table(Self.reconcileTable(page, path, links)))
            ]
        case "config":
            return [Block("config", "Metadata of the latest heartbeat", .code(PrettyJSON.text(instance.metadata)))]
        case "audit":
            let page = try await api.listAuditLogs(
                input(request, ["instance_id": instance.instanceID, "page_size": "50"])
            ).body
            return [
                Block("audit", "Audit log", asOf: .now, .table(Self.auditTable(page, "Audit entries of the instance")))
            ]
        default: return try await overview(of: instance, one, request)
        }
    }

    private func overview(
        of instance: Instance,
        _ one: Fields,
        _ request: WebRequest
    ) async throws(Problem) -> [Block] {
        let presence = try await api.getPresence(input(request, path: [instance.instanceID])).body
        let held = try await api.listPositions(input(request, one)).body
        let parts = try await api.explainNetPnl(input(request, one)).body
        let equity = try await line("series", "equity", of: instance, instance.symbol, request)
        let rows = parts.items.map { part in
            Row(
                key: "\(part.symbol) \(part.currency ?? "")",
                cells: [
                    .text(part.symbol), .text(part.currency), .amount(part.realized, signed: true),
                    .amount(part.unrealized, signed: true), .amount(part.fees), .amount(part.funding, signed: true),
                    .amount(part.netPnl, signed: true),
                ]
            )
        }
        let pnl = Table(
            caption: "NetPnL: realised + unrealised − fees + funding",
            columns: [
                .init("Symbol"), .init("Currency"), .init("Realised", isNumeric: true),
                .init("Unrealised", isNumeric: true), .init("Fees", isNumeric: true),
                .init("Funding", isNumeric: true), .init("NetPnL", isNumeric: true),
            ],
            rows: rows,
            empty: Table.Empty(text: "No profit, loss or cost reported")
        )
        var actions: [Block] = []
        if permits(CreateCommand.Input.self, request) {
            actions.append(Block("command", "Send command", .form(Self.commandButtons(instance))))
        }
        if permits(RetireInstance.Input.self, request) {
            let note = "removes an instance that will not return ·"
            actions.append(Block("retire", "Retire instance", note: note, .form(Self.retire(instance))))
        }
        return actions + [
            Block("heartbeats", "Heartbeats, 24 h", asOf: presence.until, .facts(Self.heartbeats(presence))),
            equity,
            Block(
                "positions",
                "Positions",
                asOf: held.generatedAt,
                .table(Self.positionTable(held, instance.page, .none))
            ),
            Block(
                "pnl",
                "NetPnL",
                asOf: .now,
                note: "realised + unrealised − fees + funding ·",
                .table(pnl.labelled())
            ),
        ] + Self.pnlBreakdown(parts)
    }

    /// A chart of the net PnL, if all of it is in one symbol and currency.
    private static func pnlBreakdown(_ parts: NetPnlExplanation) -> [Block] {
        guard parts.items.count == 1, let part = parts.items.first else { return [] }
        let chart = pnlChart(part.realized, part.unrealized, part.fees, part.funding, part.netPnl)
        return [Block("pnl-breakdown", "NetPnL breakdown", shape: "half", asOf: .now, .chart(chart))]
    }

    /// A chart of a metric over the requested range.
    private func line(
        _ id: String,
        _ type: String,
        of instance: Instance,
        _ symbol: String,
        _ request: WebRequest
    ) async throws(Problem) -> Block {
        let range = TimeRange(request)
        let one = Fields(of: [("instance_id", instance.instanceID), ("metric_type", type), ("symbol", symbol)])
        let series = try await api.getSeries(input(request, one.and(range.query))).body
        let points = series.points.map { Chart.Point(time: $0.timestamp, value: $0.value.approximate) }
        let title = "\(type.prefix(1).uppercased())\(type.dropFirst()), \(symbol), \(range.text)"
        let chart = Chart.line("\(id)-chart", title, points, over: range.scale())
        let csv = "/api/analytics/series.csv?\(one.and(range.query).with("limit", nil).text)"
        let links = Fields(of: ["tab", "metric_type", "symbol"].map { ($0, request.query[$0]) })
        return Block(
            id,
            title,
            asOf: .now,
            more: Block.Link(text: "CSV", href: csv),
            choices: range.choices(instance.page, links),
            chart.map { .chart($0) } ?? .text("— No samples in this range. Select a longer range.")
        )
    }

    /// The heartbeat strip, and the starts of its latest gaps with their durations.
    private static func heartbeats(_ presence: Presence) -> [Block.Fact] {
        let count = Int64(presence.slots.utf8.count)
        func time(_ slot: Int) -> Timestamp { presence.until.adding(seconds: (Int64(slot) - count) * 30) }
        let gaps = HeartbeatStrip.gaps(presence.slots).suffix(5).reversed().map { gap in
            let start = time(gap.lowerBound)
            let duration = Figures.duration(seconds: start.seconds(until: time(gap.upperBound)))
            return Block.Fact("Gap", Cell(note: "for \(duration)", time: Moment(start)))
        }
        let none = [Block.Fact("Gaps", .text("no gaps of 90 s or more"))]
        return [Block.Fact("Heartbeats", Cell(strip: HeartbeatStrip(presence.slots)))] + (gaps.isEmpty ? none : gaps)
    }

    /// A button for each command. All of them lead to the confirmation page.
    private static func commandButtons(_ instance: Instance) -> Form {
        Form(
            action: "/commands/new",
            method: "get",
            hidden: [Form.Hidden(name: "instance", value: instance.instanceID)],
            buttons: CommandType.allCases.map { type in
                Form.Button(
                    type.rawValue,
                    name: "type",
                    value: type.rawValue,
                    look: type.isIrreversible ? "danger" : ""
                )
            }
        )
    }

    private static func retire(_ instance: Instance) -> Form {
        Form(
            action: "/instances/\(PercentEncoding.encode(instance.instanceID))/retire",
            method: "get",
            buttons: [Form.Button("Retire instance…", look: "danger")]
        )
    }

    /// The newest value of each metric, and the charts of the selected ones.
    private func metrics(of instance: Instance, _ request: WebRequest) async throws(Problem) -> [Block] {
        let number = request.query["page"]
        let page = try await api.listMetrics(
            input(request, Fields(of: [("page", number), ("page_size", "50")]), path: [instance.instanceID])
        ).body
        let tab: Fields = ["tab": "metrics"]
        var table = Table(
            caption: "Metrics",
            columns: [
                .init("Metric"), .init("Symbol"), .init("Value", isNumeric: true), .init("Currency"),
                .init("Reported", isNumeric: true),
            ],
            rows: page.items.map { metric in
                let link = tab.and(Fields(of: [("metric_type", metric.metricType), ("symbol", metric.symbol)]))
                return Row(
                    key: "\(metric.metricType) \(metric.symbol) \(metric.currency ?? "")",
                    cells: [
                        .id(metric.metricType, href: "\(instance.page)?\(link.text)"), .text(metric.symbol),
                        .number(Figures.quantity(metric.value)), .text(metric.currency), .age(metric.timestamp),
                    ]
                )
            },
            empty: Table.Empty(text: "No metrics reported. Bots report them with POST /ingest/metrics.")
        )
        table.pages = Table.Pages(instance.page, tab, page: page.page, size: page.pageSize, total: page.total)
        let catalogue = Block("catalogue", "Newest values", asOf: page.generatedAt, .table(table.labelled()))
        guard let names = request.query["metric_type"] else { return [catalogue] }
        let symbol = request.query["symbol"] ?? instance.symbol
        let form = Form(
            action: instance.page,
            method: "get",
            hidden: [
                Form.Hidden(name: "tab", value: "metrics"),
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
        var blocks = [Block("picker", "Series", .form(form))]
        for (place, name) in names.split(separator: ",").prefix(6).enumerated() {
            let type = String(name.trimmingPrefix { $0 == " " })
            blocks.append(try await line("series-\(place)", type, of: instance, symbol, request))
        }
        return blocks + [catalogue]
    }
}

extension WebRequest {
    /// A copy of the request with another query.
    func withQuery(_ query: Fields) -> WebRequest {
        var request = self
        request.query = query
        return request
    }
}
