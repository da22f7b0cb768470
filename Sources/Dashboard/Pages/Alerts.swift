import ContractRuntime
import Generated

extension Dashboard {
    /// `/alerts`: open, acknowledged and resolved alerts.
    func alerts(_ request: WebRequest) async throws(Problem) -> PageView {
        let saved = try await savedList(.alerts, [.alerts], request)
        let filters: [FilterBar.Filter] = [
            .cases("severity", "Severity", Severity.self), .text("source", "Source"), .text("target_id", "Target"),
        ]
        let bar = saved.filterBar(request, keeping: ["status"], filters)
        let status = request.query["status"].flatMap(AlertStatus.init(rawValue:)) ?? .open
        let filter = bar.active.with("status", status.rawValue)
        let position: Fields = ["page": request.query["page"], "page_size": "50"]
        let page = try await api.listAlerts(input(request, filter.and(position))).body
        let names: [(AlertStatus, String)] = [(.open, "Open"), (.acked, "Acknowledged"), (.resolved, "Resolved")]
        let query = bar.query.with("status", status.rawValue)
        let arrangement = saved.arrangement(of: .alerts, request)
        let table = Self.alertTable(page, "/alerts", query).arranged(by: arrangement, query, request)
        return PageView(
            title: "Alerts",
            note: bar.note,
            tabs: names.map { value, text in
                let link = query.with("status", value.rawValue).text
                return PageView.Tab(text: text, href: "/alerts?\(link)", isCurrent: value == status)
            },
            views: saved.tabs,
            blocks: [bar.block, saved.block(bar, [arrangement]), Block("alerts", "Alerts", asOf: .now, .table(table))]
        )
    }

    static func alertTable(_ page: AlertPage, _ base: String, _ query: Fields) -> Table {
        var table = Table(
            caption: "Alerts",
            columns: TableName.alerts.columns,
            rows: page.items.map(alertRow),
            empty: Table.Empty(text: "No matching alerts")
        )
        table.pages = Table.Pages(base, query, page)
        if page.items.contains(where: { $0.status == .open }) {
            table.selection = Table.Selection(
                action: "/alerts",
                isPost: true,
                buttons: [Form.Button("Acknowledge selected", look: "small")]
            )
        }
        return table.labelled()
    }

    private static func alertRow(_ alert: Alert) -> Row {
        let path = "/alerts/\(alert.alertID.text)"
        let silenced = alert.silencedUntil.flatMap { $0 > .now ? $0 : nil }
        let status = silenced == nil ? alert.status.rawValue : "\(alert.status.rawValue), silenced until"
        let owner = alert.resolvedBy ?? alert.ackedBy
        return Row(
            key: alert.alertID.text,
            selection: Form.Hidden(name: "alert", value: alert.alertID.text),
            href: path,
            cells: [
                .icon(StatusIcon(alert.severity), alert.severity.rawValue), Cell(text: alert.message, href: path),
                .id(alert.targetID, note: alert.targetType), .time(Moment(alert.firstAt)), .count(alert.occurrences),
                .time(alert.lastNotifiedAt.map { Moment($0) }), .text(status, note: owner, at: silenced),
                Cell(action: alert.status == .open ? Cell.Action(text: "Acknowledge", path: "\(path)/ack") : nil),
            ]
        )
    }

    private static func acknowledge(_ path: String) -> Form {
        Form(action: "\(path)/ack", shape: "inline", buttons: [Form.Button("Acknowledge", look: "small")])
    }

    /// `/alerts/{alert_id}`: the evidence, the deliveries and the actions of an alert.
    func alert(_ id: String, _ request: WebRequest) async throws(Problem) -> PageView {
        let alert = try await api.getAlert(input(request, path: [id])).body
        let deliveries = try await api.listNotifications(input(request, ["alert_id": id, "page_size": "200"])).body
        let target = Cell.id(alert.targetID, href: Self.target(of: alert), note: alert.targetType)
        var blocks = [
            Block(
                "alert",
                alert.message,
                asOf: .now,
                .facts([
                    Block.Fact("Severity", .icon(StatusIcon(alert.severity), alert.severity.rawValue)),
                    Block.Fact("Status", .text(alert.status.rawValue)),
                    Block.Fact("Target", target),
                    Block.Fact("Source", .text(alert.source)),
                    Block.Fact("Since", .time(Moment(alert.firstAt))),
                    Block.Fact(
                        "Last occurrence",
                        Cell(
                            note: alert.occurrences == 1 ? "1 occurrence" : "\(alert.occurrences) occurrences",
                            time: Moment(alert.lastAt)
                        )
                    ),
                    Block.Fact("Acknowledged by", .text(alert.ackedBy, at: alert.ackedAt)),
                    Block.Fact("Resolved by", .text(alert.resolvedBy, at: alert.resolvedAt)),
                    Block.Fact("Silenced until", .time(alert.silencedUntil.map { Moment($0) })),
                ])
            )
        ]
        if alert.status != .resolved {
            blocks.append(Block("actions", "Actions", shape: "half", .facts(Self.actions(on: alert))))
        }
        blocks.append(Block("evidence", "Evidence", shape: "half", .code(PrettyJSON.text(alert.metadata))))
        blocks.append(
            Block(
                "deliveries",
                "Deliveries",
                asOf: .now,
                .table(Self.deliveryTable(deliveries.items, isReplayable: false))
            )
        )
        return PageView(title: "Alert", blocks: blocks)
    }

    /// The path of the page of an alert's target; nil if there is no page.
    private static func target(of alert: Alert) -> String? {
        let id = PercentEncoding.encode(alert.targetID)
        return switch alert.targetType {
        case "instance": "/bots?q=\(id)"
        case "command": "/commands/\(id)"
        case "command_bulk": "/command-bulks/\(id)"
        default: nil
        }
    }

    private static func actions(on alert: Alert) -> [Block.Fact] {
        let path = "/alerts/\(alert.alertID.text)"
        let silence = Form(
            action: "\(path)/silence",
            fields: [
                Form.Field(
                    "seconds",
                    "Duration",
                    options: Form.silences.map { Form.Option($0.0, $0.1) }
                ),
                Form.Field("reason", "Reason", isRequired: true),
            ],
            buttons: [Form.Button("Silence")]
        )
        let resolve = Form(action: "\(path)/resolve", shape: "inline", buttons: [Form.Button("Resolve")])
        var facts = [
            Block.Fact("Fixed", Cell(forms: [resolve])), Block.Fact("Notifications", Cell(forms: [silence])),
        ]
        if alert.status == .open { facts.insert(Block.Fact("In progress", Cell(forms: [acknowledge(path)])), at: 0) }
        return facts
    }

    static func deliveryTable(_ deliveries: [NotificationDelivery], isReplayable: Bool) -> Table {
        Table(
            caption: "Deliveries",
            columns: [
                .init("Created"), .init("Severity"), .init("Title"), .init("Target"), .init("Status"),
                .init("Attempts", isNumeric: true), .init("Sent"), .init("Last error"), .init("Action"),
            ],
            rows: deliveries.map { delivery in
                let resend = Form(
                    action: "/notifications/\(delivery.deliveryID.text)/replay",
                    shape: "inline",
                    buttons: [Form.Button("Resend", look: "small")]
                )
                return Row(
                    key: delivery.deliveryID.text,
                    cells: [
                        .time(Moment(delivery.createdAt)),
                        .icon(StatusIcon(delivery.severity), delivery.severity.rawValue),
                        .text(delivery.title), .text(delivery.target),
                        .text(delivery.status.rawValue, tone: delivery.status.tone),
                        .count(delivery.attempts), .time(delivery.sentAt.map { Moment($0) }),
                        .text(delivery.lastError),
                        Cell(forms: isReplayable && delivery.status == .dead ? [resend] : []),
                    ]
                )
            },
            empty: Table.Empty(text: "No deliveries")
        ).labelled()
    }

    /// Acknowledges the selected alerts. Alerts that are no longer open stay unchanged.
    func acknowledgeAlerts(_ request: WebRequest) async throws(Problem) -> String {
        let ids = request.form.all("alert")
        if ids.isEmpty { throw Problem(status: 400, code: "NOTHING_CHOSEN", detail: "No alert is selected.") }
        for id in ids {
            do throws(Problem) {
                _ = try await api.acknowledgeAlert(input(request, path: [id]))
            } catch {
                if error.status != 409 { throw error }
            }
        }
        return "/alerts?done=\(FlashMessage.allAcknowledged.rawValue)"
    }

    /// The page to which a form leads back: the start page or that of an instance.
    private static func returnPath(_ form: Fields) -> String? {
        guard let path = form["return"], path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        return path == "/dashboard" || path.utf8.starts(with: "/bots/".utf8) ? path : nil
    }

    /// Acknowledges, resolves or silences an alert. Forms of the start page and of an instance lead back to it.
    func updateAlert(_ id: String, _ action: String, _ request: WebRequest) async throws(Problem) -> String {
        let page = Self.returnPath(request.form) ?? "/alerts/\(id)"
        switch action {
        case "ack":
            _ = try await api.acknowledgeAlert(input(request, path: [id]))
            return "\(page)?done=acknowledged"
        case "resolve":
            _ = try await api.resolveAlert(input(request, path: [id]))
            return "\(page)?done=resolved"
        case "silence":
            let seconds = request.form["seconds"].flatMap(Int.init) ?? 0
            let body = JSONObject { json in
                json.member("duration_seconds", seconds)
                json.member("reason", request.form["reason"])
            }
            _ = try await api.silenceAlert(input(request, path: [id], body: body))
            return "\(page)?done=silenced"
        default: throw .noPage
        }
    }
}
