import ContractRuntime
import Generated

// The first tab of an instance: its commands, its charts, its money, and the other instances of its bot.

extension Dashboard {
    func overview(
        of instance: Instance,
        _ siblings: InstancePage,
        _ request: WebRequest
    ) async throws(Problem) -> [Block] {
        let one: Fields = ["instance_id": instance.instanceID, "page": request.query["page"], "page_size": "50"]
        let presence = try await api.getPresence(input(request, path: [instance.instanceID])).body
        let held = try await api.listPositions(input(request, one)).body
        let parts = try await api.explainNetPnl(input(request, one)).body
        let charts = try await charts(of: instance, presence, request)
        var actions: [Block] = []
        if permits(CreateCommand.Input.self, request) {
            actions.append(
                Block("command", "Send command", note: instance.status.note, .form(Self.commandButtons(instance)))
            )
        }
        return actions + charts + [
            Block("heartbeats", "Heartbeats, 24 h", asOf: presence.until, .facts(Self.heartbeats(presence))),
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
                .table(Self.pnlTable(parts))
            ),
        ] + Self.pnlBreakdown(parts) + Self.siblings(of: instance, siblings) + retirement(of: instance, request)
    }

    private static func pnlTable(_ parts: NetPnlExplanation) -> Table {
        Table(
            caption: "NetPnL: realised + unrealised − fees + funding",
            columns: [
                .init("Symbol"), .init("Currency"), .init("Realised", isNumeric: true),
                .init("Unrealised", isNumeric: true), .init("Fees", isNumeric: true),
                .init("Funding", isNumeric: true), .init("NetPnL", isNumeric: true),
            ],
            rows: parts.items.map { part in
                Row(
                    key: "\(part.symbol) \(part.currency ?? "")",
                    cells: [
                        .text(part.symbol), .text(part.currency), .amount(part.realized, signed: true),
                        .amount(part.unrealized, signed: true), .amount(part.fees),
                        .amount(part.funding, signed: true), .amount(part.netPnl, signed: true),
                    ]
                )
            },
            empty: Table.Empty(text: "No profit, loss or cost reported")
        ).labelled().aligned()
    }

    /// A chart of the net PnL, if all of it is in one symbol and currency.
    private static func pnlBreakdown(_ parts: NetPnlExplanation) -> [Block] {
        guard parts.items.count == 1, let part = parts.items.first else { return [] }
        let chart = pnlChart(part.realized, part.unrealized, part.fees, part.funding, part.netPnl)
        return [Block("pnl-breakdown", "NetPnL breakdown", shape: "half", asOf: .now, .chart(chart))]
    }

    /// The heartbeat strip, and the starts of its latest gaps with their durations.
    private static func heartbeats(_ presence: Presence) -> [Block.Fact] {
        let gaps = HeartbeatStrip.silences(presence).suffix(5).reversed().map { silence in
            let duration = Figures.duration(seconds: silence.from.seconds(until: silence.until))
            return Block.Fact("Gap", Cell(note: "for \(duration)", time: Moment(silence.from)))
        }
        let none = [Block.Fact("Gaps", .text("no gaps of 90 s or more"))]
        return [Block.Fact("Heartbeats", Cell(strip: HeartbeatStrip(presence.slots)))] + (gaps.isEmpty ? none : gaps)
    }

    /// A button for each command, the usual ones of the state first. All of them lead to the confirmation page.
    private static func commandButtons(_ instance: Instance) -> Form {
        func button(_ type: CommandType) -> Form.Button {
            Form.Button(
                type.rawValue,
                name: "type",
                value: type.rawValue,
                look: type.isIrreversible ? "danger" : ""
            )
        }
        let usual = instance.status.usualCommands
        return Form(
            action: "/commands/new",
            method: "get",
            hidden: [Form.Hidden(name: "instance", value: instance.instanceID)],
            buttons: usual.map(button),
            otherButtons: Form.OtherButtons(
                summary: "Other commands",
                buttons: CommandType.allCases.filter { !usual.contains($0) }.map(button)
            )
        )
    }

    /// The maximum number of other instances on the page.
    private static var siblingsShown: Int { 10 }

    private static func siblings(of instance: Instance, _ page: InstancePage) -> [Block] {
        let others = page.items.filter { !$0.instanceID.hasSameScalars(as: instance.instanceID) }
        if others.isEmpty { return [] }
        let table = Table(
            caption: "Other instances",
            columns: [
                .init("Status"), .init("Instance"), .init("Mode"), .init("Symbol"), .init("Version"),
                .init("Last seen", isNumeric: true), .init("NetPnL today", isNumeric: true),
            ],
            rows: others.prefix(siblingsShown).map { other in
                Row(
                    key: other.instanceID,
                    href: other.page,
                    cells: [
                        .status(other.displayStatus), .id(other.instanceID, href: other.page),
                        .mode(other.runtimeMode.rawValue), .text(other.symbol, note: other.exchange),
                        .text(other.version, note: other.strategyWithVersion), .age(other.lastSeen),
                        .amount(other.netPnlToday, in: other.currency, signed: true),
                    ]
                )
            }
        )
        let all = Block.Link(text: "All \(Figures.count(page.total)) instances", href: bot(of: instance))
        return [
            Block("siblings", "Other instances of the bot", asOf: page.generatedAt, more: all, .table(table.labelled()))
        ]
    }

    /// The list of all instances of the bot.
    static func bot(of instance: Instance) -> String { "/bots?bot_id=\(PercentEncoding.encode(instance.botID))" }

    private func retirement(of instance: Instance, _ request: WebRequest) -> [Block] {
        guard permits(RetireInstance.Input.self, request) else { return [] }
        let form = Form(
            action: "/instances/\(PercentEncoding.encode(instance.instanceID))/retire",
            method: "get",
            buttons: [Form.Button("Retire instance…", look: "danger")]
        )
        let note = "removes an instance that will not return"
        return [Block("retire", "Retire instance", note: note, .form(form))]
    }
}
