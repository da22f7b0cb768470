import ContractRuntime
import Generated

extension Dashboard {
    /// `/dashboard`: the state of the fleet, everything that needs attention, the money and the performance of the bots. Money is that of
    /// LIVE instances, if there are any.
    func overview(_ request: WebRequest) async throws(Problem) -> PageView {
        let fleet = try await api.getFleet(input(request, ["cells": "true"])).body
        let mode: RuntimeMode? = fleet.live > 0 ? .live : nil
        let scope = Fields(of: [("mode", mode?.rawValue)])
        let range = TimeRange(request)
        let ranking = Ranking(
            request,
            path: "/dashboard",
            standard: .netPnlToday,
            others: Fields(of: ["range", "in"].map { ($0, request.query[$0]) })
        )
        // The sums over all instances take longest, so they are read concurrently.
        async let exposures = result { () async throws(Problem) in try await api.getExposure(input(request, scope)).body
        }
        async let earnings = result { () async throws(Problem) in try await api.getNetPnl(input(request, scope)).body }
        async let performances = result { () async throws(Problem) in
            try await api.getPerformance(input(request, scope)).body
        }
        async let league = result { () async throws(Problem) in
            try await api.listInstances(
                input(request, ranking.query.and(Fields(of: [("runtime_mode", mode?.rawValue), ("page_size", "10")])))
            ).body
        }
        let reporting = try await reporting(request)
        let health = try await api.getServiceHealth(input(request)).body
        let alerts = try await api.listAlertGroups(input(request)).body
        let approvals = try await api.listCommands(input(request, ["status": "AWAITING_APPROVAL", "page_size": "10"]))
            .body
        let curves = try await equityCurves(scope.and(range.query), request)
        let events = try await timeline(mode, range, request)
        let entries = try await api.listAuditLogs(input(request, ["page_size": "8"])).body
        let dead = try await api.listNotifications(input(request, ["status": "DEAD", "page_size": "1"])).body
        let (exposure, pnl) = (try await exposures.get(), try await earnings.get())
        let (performance, ranked) = (try await performances.get(), try await league.get())
        let attention = Attention.items(
            alerts.groups,
            approvals.items,
            fleet,
            dead,
            isOperator: permits(AcknowledgeAlert.Input.self, request)
        )
        return PageView(
            title: "Dashboard",
            blocks: [
                Block(
                    "figures",
                    shape: "plain",
                    asOf: fleet.generatedAt,
                    .figures(Self.figures(fleet, exposure, pnl, mode, reporting))
                ),
                Block("health", shape: "plain", asOf: health.generatedAt, .chips(health.chips)),
                Block(
                    "attention",
                    "Needs attention",
                    shape: "wide",
                    asOf: alerts.generatedAt,
                    .items(attention, empty: "Nothing needs attention")
                ),
                Block(
                    "fleet",
                    "Fleet",
                    shape: "narrow",
                    asOf: fleet.generatedAt,
                    note: fleet.cells == nil ? "instances by status ·" : "one cell per instance ·",
                    Self.fleetMap(fleet)
                ),
                Self.money(performance, mode, reporting),
            ]
                + Self.equity(
                    curves,
                    range,
                    mode: mode?.rawValue,
                    "/dashboard",
                    Fields(of: ["sort", "order", "in"].map { ($0, request.query[$0]) }),
                    annotations: events
                ) + [
                    Self.league(ranked, ranking, mode),
                    Block(
                        "activity",
                        "Activity",
                        asOf: .now,
                        more: Block.Link(text: "Audit log", href: "/audit"),
                        .table(Self.auditTable(entries, "Latest audit entries"))
                    ),
                ],
            fleet: fleet
        )
    }

    private static func figures(
        _ fleet: Fleet,
        _ exposure: Exposure,
        _ pnl: NetPnl,
        _ mode: RuntimeMode?,
        _ reporting: ReportingCurrency
    ) -> [Block.Figure] {
        let scope = mode == nil ? "every mode" : "live"
        let (late, lost) = (fleet.late, fleet.count(.lost))
        let up = fleet.count(.running) - late
        let alerts = fleet.alerts
        let reducing = fleet.count(.reduceOnly)
        return [
            Block.Figure(
                "Instances",
                Figures.count(fleet.total),
                note: "\(up) up · \(late) late · \(lost) lost · \(fleet.halted) halted"
                    + (reducing > 0 ? " · \(reducing) reduce only" : ""),
                href: "/bots",
                tone: Figures.tone(lost, "bad-text")
            ),
            Block.Figure(
                "Live instances",
                Figures.count(fleet.live),
                note: "of \(Figures.count(fleet.total)) instances",
                href: "/bots?runtime_mode=LIVE"
            ),
            Block.Figure(
                "Open alerts",
                Figures.count(alerts.open),
                note: "\(alerts.critical) critical · \(alerts.warning) warning",
                href: "/alerts",
                tone: alerts.tone
            ),
            Block.Figure(
                "Open commands",
                Figures.count(fleet.commands.waiting),
                note: "\(fleet.commands.expired) expired in 24 h",
                href: "/commands"
            ),
        ] + exposure.netFigures("Net exposure, \(scope)", in: reporting, href: "/portfolio")
            + pnl.figures("NetPnL, \(scope)", in: reporting, href: mode == nil ? "/analytics" : "/analytics?mode=LIVE")
    }

    private static func fleetMap(_ fleet: Fleet) -> Block.Content {
        if fleet.total == 0 { return .text("No instances have reported yet") }
        guard let cells = fleet.cells else { return .fleetMap(counts(fleet)) }
        var names: [String] = []
        for cell in cells where names.last?.hasSameScalars(as: cell.exchange) != true { names.append(cell.exchange) }
        let legend = Block.FleetMapRow(name: "All", cells: [], counts: legend(fleet))
        return .fleetMap(
            [legend]
                + names.map { name in
                    let row = cells.filter { $0.exchange.hasSameScalars(as: name) }.map { cell in
                        let displayStatus = Cell.Status(cell.status, isLate: cell.isLate)
                        return Block.FleetMapCell(
                            href:
                                "/bots/\(PercentEncoding.encode(cell.botID))/\(PercentEncoding.encode(cell.instanceID))",
                            label: "\(cell.instanceID), \(displayStatus.text)",
                            status: displayStatus.kind
                        )
                    }
                    return Block.FleetMapRow(name: name, cells: row)
                }
        )
    }

    /// The statuses of the cells, with the number of instances of each.
    private static func legend(_ fleet: Fleet) -> [Cell] {
        let running = Cell.Status(.running, isLate: false)
        let late = Cell.Status(.running, isLate: true)
        let others = InstanceStatus.allCases.filter { $0 != .running }.map { status in
            (Cell.Status(status, isLate: false), fleet.count(status))
        }
        return ([(running, fleet.count(.running) - fleet.late), (late, fleet.late)] + others).filter { $0.1 > 0 }.map {
            .status(Cell.Status(text: "\(Figures.count($0.1)) \($0.0.text)", kind: $0.0.kind))
        }
    }

    private static func counts(_ fleet: Fleet) -> [Block.FleetMapRow] {
        let byExchange = Dictionary(grouping: fleet.groups) { ExactText($0.exchange) }
        return byExchange.keys.sorted { $0.text < $1.text }.map { name in
            let byStatus = Dictionary(grouping: byExchange[name] ?? [], by: \.status)
            let counts = byStatus.keys.sorted { $0.rawValue < $1.rawValue }.map { status in
                let number = (byStatus[status] ?? []).reduce(0) { $0 + $1.instances }
                let displayStatus = Cell.Status(status, isLate: false)
                return Cell(
                    status: Cell.Status(
                        text: "\(Figures.count(number)) \(displayStatus.text)",
                        kind: displayStatus.kind
                    )
                )
            }
            return Block.FleetMapRow(name: name.text, cells: [], counts: counts)
        }
    }
}
