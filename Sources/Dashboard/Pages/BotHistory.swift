import ContractRuntime
import Generated

/// The views of the tab "History" of an instance.
enum HistoryView: String, CaseIterable {
    case all, commands, alerts, log, audit
}

extension Dashboard {
    /// The maximum number of entries in the view of all.
    private static var entriesShown: Int { 50 }
    /// The maximum number of log lines on a page.
    private static var linesShown: Int { 200 }

    /// Adds the tab with what happened to an instance, newest first.
    func addHistory(of instance: Instance, to page: inout PageView, _ request: WebRequest) async throws(Problem) {
        let view = request.query["view"].flatMap(HistoryView.init(rawValue:)) ?? .all
        page.views = PageView.Tab.all(HistoryView.self, current: view, instance.page, .history)
        page.blocks.append(try await block(view, of: instance, request))
    }

    private func block(_ view: HistoryView, of instance: Instance, _ request: WebRequest) async throws(Problem)
        -> Block
    {
        let one: Fields = ["page": request.query["page"], "page_size": "50"]
        let links: Fields = ["tab": BotTab.history.rawValue, "view": view.rawValue]
        let id = instance.instanceID
        switch view {
        case .all: return try await timeline(of: instance, request)
        case .log: return try await log(of: instance, links, request)
        case .commands:
            let page = try await api.listCommands(input(request, one.with("instance_id", id))).body
            return Block("commands", "Commands", asOf: .now, .table(Self.commandTable(page, instance.page, links)))
        case .alerts:
            let page = try await api.listAlerts(input(request, one.with("target_id", id))).body
            return Block("alerts", "Alerts", asOf: .now, .table(Self.alertTable(page, instance.page, links)))
        case .audit:
            let page = try await api.listAuditLogs(input(request, one.with("instance_id", id))).body
            var table = Self.auditTable(page, "Audit entries of the instance")
            table.pages = Table.Pages(instance.page, links, page)
            return Block("audit", "Audit log", asOf: .now, .table(table))
        }
    }

    /// The newest commands, alerts and audit entries in one table.
    private func timeline(of instance: Instance, _ request: WebRequest) async throws(Problem) -> Block {
        let newest: Fields = ["page_size": "\(Self.entriesShown)"]
        let id = instance.instanceID
        let commands = try await api.listCommands(input(request, newest.with("instance_id", id))).body
        let alerts = try await api.listAlerts(input(request, newest.with("target_id", id))).body
        let audit = try await api.listAuditLogs(input(request, newest.with("instance_id", id))).body
        let entries =
            commands.items.map { HistoryEntry($0) } + alerts.items.map { HistoryEntry($0) }
            + audit.items.filter { !HistoryEntry.repeats($0) }.map { HistoryEntry($0) }
        let table = Table(
            caption: "History",
            columns: [.init("Time"), .init("Event"), .init("Result"), .init("By"), .init("Details")],
            rows: entries.sorted { $0.time > $1.time }.prefix(Self.entriesShown).map(\.row),
            empty: Table.Empty(text: "No commands, alerts or audit entries")
        )
        let note = entries.count > Self.entriesShown ? "the newest \(Self.entriesShown) ·" : nil
        return Block("history", "Commands, alerts and audit log", asOf: .now, note: note, .table(table.labelled()))
    }

    private func log(of instance: Instance, _ links: Fields, _ request: WebRequest) async throws(Problem) -> Block {
        let level = request.query["level"]
        let query: Fields = ["level": level, "limit": "\(Self.linesShown)"]
        let page = try await api.listLogLines(input(request, query, path: [instance.instanceID])).body
        return Block(
            "log",
            "Warnings and errors in the bot's log",
            asOf: .now,
            note: page.items.count < Self.linesShown ? nil : "the newest \(Self.linesShown) ·",
            choices: Self.choices(LogLevel.self, "level", instance.page, links.with("level", level)),
            .table(Self.logTable(page))
        )
    }
}

/// An event in the history of an instance.
private struct HistoryEntry {
    let time: Timestamp
    let row: Row

    init(_ command: Command) {
        let path = "/commands/\(command.commandID.text)"
        self.init(
            key: command.commandID.text,
            at: command.createdAt,
            href: path,
            Cell(text: command.commandType.rawValue, href: path, note: "command"),
            .commandStatus(command.status, command.outcome),
            by: command.createdBy,
            .text(command.reason)
        )
    }

    init(_ alert: Alert) {
        let path = "/alerts/\(alert.alertID.text)"
        var event = Cell(text: alert.message, href: path, note: "alert, \(StatusIcon(alert.severity).word)")
        event.icon = StatusIcon(alert.severity)
        let times = alert.occurrences == 1 ? nil : "\(Figures.count(alert.occurrences)) occurrences"
        self.init(
            key: alert.alertID.text,
            at: alert.firstAt,
            href: path,
            event,
            .text(alert.status.rawValue),
            by: alert.resolvedBy ?? alert.ackedBy,
            .text(times)
        )
    }

    init(_ entry: AuditEntry) {
        let details = entry.details.description
        self.init(
            key: entry.auditID.text,
            at: entry.timestamp,
            .text(entry.action, note: "audit log, \(entry.targetType)"),
            .text(entry.result.rawValue, tone: entry.result.tone),
            by: entry.actor,
            Cell(text: details == "{}" ? nil : details, isID: true)
        )
    }

    private init(
        key: String,
        at time: Timestamp,
        href: String? = nil,
        _ event: Cell,
        _ result: Cell,
        by actor: String?,
        _ details: Cell
    ) {
        self.time = time
        row = Row(key: key, href: href, cells: [.time(Moment(time)), event, result, .text(actor), details])
    }

    /// Whether the row of a command or of an alert has what an audit entry has.
    static func repeats(_ entry: AuditEntry) -> Bool {
        let action = entry.action.utf8
        return action.elementsEqual("COMMAND_CREATE".utf8) || action.elementsEqual("COMMAND_EXPIRE".utf8)
            || action.suffix(6).elementsEqual("_ALERT".utf8)
    }
}
