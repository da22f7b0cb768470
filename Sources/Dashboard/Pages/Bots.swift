import ContractRuntime
import Generated

extension Dashboard {
    /// The filter parameters of the list of instances.
    static var botFilters: [String] { ["q", "bot_id", "runtime_mode", "status", "exchange", "symbol"] }

    /// `/bots`: the instances as a table, worst status first, with commands for the selected ones.
    func bots(_ request: WebRequest) async throws(Problem) -> PageView {
        let size = request.query["page_size"] ?? "50"
        let known = Self.botFilters + ["sort", "order", "page"]
        let query = Fields(of: known.map { ($0, request.query[$0]) } + [("page_size", size)])
        let page = try await api.listInstances(input(request, query)).body
        let drift = try await drift(of: query["bot_id"], request)
        let unknown = Set(request.query.pairs.map(\.name)).subtracting(known + ["page_size", "done"])
        let isFiltered = Self.botFilters.contains { query[$0] != nil }
        let ranking = Ranking(request, path: "/bots", standard: .worst, others: query.with("page", nil))
        var table = Table(
            caption: "Instances",
            columns: Self.botColumns(ranking),
            rows: page.items.map { Self.botRow($0, drift) },
            empty: isFiltered ? Table.Empty(text: "No matching instances") : Self.firstBot
        )
        let csv = "/api/instances.csv?" + query.with("page", nil).with("page_size", nil).with("limit", "100000").text
        table.pages = Table.Pages("/bots", query, page: page.page, size: page.pageSize, total: page.total, csv: csv)
        let isOperator = permits(CreateCommands.Input.self, request)
        let commands = CommandType.allCases.map { type in
            Form.Button(
                type.rawValue,
                name: "type",
                value: type.rawValue,
                look: type.isIrreversible ? "small danger" : "small"
            )
        }
        table.selection = Table.Selection(
            action: "/commands/new",
            all: isOperator ? "Select all \(Figures.count(page.total)) matching instances" : nil,
            hidden: Self.botFilters.compactMap { name in query[name].map { Form.Hidden(name: name, value: $0) } },
            buttons: (isOperator ? commands : []) + [Form.Button("Compare", look: "small", path: "/compare")]
        )
        return PageView(
            title: "Bots",
            note: unknown.isEmpty ? nil : "ignored unknown filters: \(unknown.sorted().joined(separator: ", "))",
            blocks: [
                Block("filters", shape: "plain", .form(Self.botForm(query)))
            ] + Self.banner(drift) + [
                Block(
                    "bots",
                    "Instances",
                    asOf: page.generatedAt,
                    more: Block.Link(text: "Retired instances", href: "/retired-instances"),
                    .table(table.labelled())
                )
            ]
        )
    }

    /// The different strategies of a bot's instances; nil without a bot, or without a difference.
    func drift(of bot: String?, _ request: WebRequest) async throws(Problem) -> StrategyDrift? {
        guard let bot else { return nil }
        let page = try await api.listInstances(input(request, ["bot_id": bot, "page_size": "200"])).body
        return StrategyDrift(page.items, isComplete: page.items.count == page.total)
    }

    static func banner(_ drift: StrategyDrift?) -> [Block] {
        drift.map { [Block("drift", shape: "banner", .text($0.text))] } ?? []
    }

    private static var firstBot: Table.Empty {
        Table.Empty(
            text: "No bots have reported yet. Send a heartbeat:",
            code: """
                curl -X POST http://127.0.0.1:8000/ingest/heartbeat -H 'Content-Type: application/json' \\
                  -d '{"instance_id":"btc-maker-1a","bot_id":"btc-maker","runtime_mode":"PAPER","exchange":"binance","symbol":"BTCUSDT","version":"1.0","timestamp":"'$(date -u +%FT%TZ)'"}'
                """
        )
    }

    private static func botForm(_ query: Fields) -> Form {
        Form(
            action: "/bots",
            method: "get",
            hidden: query["bot_id"].map { [Form.Hidden(name: "bot_id", value: $0)] } ?? [],
            fields: [
                Form.Field("q", "Search", kind: "search", value: query["q"] ?? ""),
                Form.Field(
                    "status",
                    "Status",
                    options: Form.Option.all(InstanceStatus.self, selected: query["status"])
                ),
                Form.Field(
                    "runtime_mode",
                    "Mode",
                    options: Form.Option.all(RuntimeMode.self, selected: query["runtime_mode"])
                ),
                Form.Field("exchange", "Exchange", value: query["exchange"] ?? ""),
                Form.Field("symbol", "Symbol", value: query["symbol"] ?? ""),
                Form.Field(
                    "sort",
                    "Sort by",
                    options: [
                        ("worst", "Status"), ("bot", "Bot"), ("silent", "Last seen"), ("net_pnl_today", "NetPnL today"),
                        ("net_pnl_week", "NetPnL, 7 days"), ("return_today", "Return today"), ("drawdown", "Drawdown"),
                        ("equity", "Equity"), ("gross_exposure", "Gross exposure"), ("slippage", "Slippage"),
                    ].map { Form.Option($0.0, $0.1, selected: query["sort"] ?? "worst") }
                ),
                Form.Field(
                    "order",
                    "Order",
                    options: [("asc", "Ascending"), ("desc", "Descending")]
                        .map { Form.Option($0.0, $0.1, selected: query["order"] ?? "asc") }
                ),
                Form.Field(
                    "page_size",
                    "Rows per page",
                    options: ["50", "100", "200"].map { Form.Option($0, selected: query["page_size"] ?? "50") }
                ),
            ],
            buttons: [Form.Button("Apply filters", name: "page", value: "1")]
        )
    }

    private static func botColumns(_ ranking: Ranking) -> [Table.Column] {
        [
            ranking.column("Status", .worst), ranking.column("Bot", .bot), Table.Column("Mode"),
            Table.Column("Symbol", isSecondary: true), Table.Column("Version", isSecondary: true),
            ranking.column("Last seen", .silent), Table.Column("Heartbeats, 1 h", isSecondary: true),
            ranking.column("Equity", .equity),
            ranking.column("Drawdown", .drawdown).secondary, ranking.column("Exposure", .grossExposure).secondary,
            ranking.column("NetPnL today", .netPnlToday), Table.Column("Open", isSecondary: true),
        ]
    }

    private static func botRow(_ instance: Instance, _ drift: StrategyDrift?) -> Row {
        var open =
            instance.worstSeverity.map { severity in
                Cell.icon(StatusIcon(severity), "\(instance.openAlerts) \(StatusIcon(severity).word)")
            } ?? Cell()
        let commands = instance.waitingCommands
        if commands > 0 { open.note = "\(Figures.count(commands)) \(commands == 1 ? "command" : "commands")" }
        let version = Cell.text(instance.version, note: instance.strategyWithVersion).marked(drift, instance)
        var equity = Cell.amount(instance.equity, in: instance.currency)
        equity.spark = Sparkline(instance.equityDay)
        return Row(
            key: instance.instanceID,
            selection: Form.Hidden(name: "instance", value: instance.instanceID),
            href: instance.page,
            cells: [
                .status(instance.displayStatus), .id(instance.botID, href: instance.page, note: instance.instanceID),
                .mode(instance.runtimeMode.rawValue), .text(instance.symbol, note: instance.exchange),
                version, .age(instance.lastSeen),
                Cell(strip: HeartbeatStrip(instance.presence)), equity,
                .share(instance.drawdown), .exposure(instance.exposures),
                .amount(instance.netPnlToday, in: instance.currency, signed: true), open,
            ]
        )
    }
}
