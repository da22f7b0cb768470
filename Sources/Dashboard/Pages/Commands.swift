import ContractRuntime
import Generated

extension Dashboard {
    private static var commandFilters: [FilterBar.Filter] {
        [
            .cases("status", "Status", CommandStatus.self), .cases("command_type", "Command", CommandType.self),
            .instance,
            .text("created_by", "Created by"), .text("bulk_id", "Bulk"),
        ]
    }

    /// `/commands`: commands, newest first.
    func commands(_ request: WebRequest) async throws(Problem) -> PageView {
        let saved = try await savedList(.commands, [.commands], request)
        let bar = saved.filterBar(request, Self.commandFilters)
        let position: Fields = ["page": request.query["page"], "page_size": "50"]
        let page = try await api.listCommands(input(request, bar.active.and(position))).body
        let arrangement = saved.arrangement(of: .commands, request)
        let table = Self.commandTable(page, "/commands", bar.query).arranged(by: arrangement, bar.query, request)
        return PageView(
            title: "Commands",
            note: bar.note ?? "To send a command, select instances on the Bots page",
            views: saved.tabs,
            blocks: [
                bar.block, saved.block(bar, [arrangement]), Block("commands", "Commands", asOf: .now, .table(table)),
            ]
        )
    }

    static func commandTable(_ page: CommandPage, _ base: String, _ query: Fields) -> Table {
        var table = Table(
            caption: "Commands",
            columns: TableName.commands.columns,
            rows: page.items.map(commandRow),
            empty: Table.Empty(text: "No matching commands")
        )
        table.pages = Table.Pages(base, query, page)
        return table.labelled()
    }

    private static func commandRow(_ command: Command) -> Row {
        let path = "/commands/\(command.commandID.text)"
        let delivered = command.firstDeliveredAt.map { time in
            Figures.decimal(Double(command.createdAt.microseconds(until: time)) / 1_000_000, 3) + " s"
        }
        return Row(
            key: command.commandID.text,
            href: path,
            cells: [
                .time(Moment(command.createdAt)), Cell(text: command.commandType.rawValue, href: path),
                .id(command.instanceID, href: "/commands?instance_id=\(PercentEncoding.encode(command.instanceID))"),
                .commandStatus(command.status, command.outcome), timeToLive(command),
                .number(delivered ?? "—"), .text(command.createdBy), .text(command.reason),
            ]
        )
    }

    /// The remaining time to live of an open command.
    private static func timeToLive(_ command: Command) -> Cell {
        guard command.status.isOpen else { return Cell(text: "") }
        let left = Timestamp.now.seconds(until: command.expiresAt)
        let whole = max(command.createdAt.seconds(until: command.expiresAt), 1)
        return Cell(
            text: "\(Figures.duration(seconds: left)) left",
            share: min(max(1 - Double(left) / Double(whole), 0), 1)
        )
    }

    /// `/commands/{command_id}`: a command, its timeline and its acknowledgements.
    func command(_ id: String, _ request: WebRequest) async throws(Problem) -> PageView {
        let command = try await api.getCommand(input(request, path: [id])).body
        var previous = command.createdAt
        let steps = command.timeline.map { event in
            let passed = Double(previous.microseconds(until: event.at)) / 1_000_000
            previous = event.at
            return Row(
                key: "\(event.event) \(event.at)",
                cells: [
                    .time(Moment(event.at)), .text(event.event), .text(event.actor),
                    .number("+\(Figures.decimal(passed, 3)) s"),
                ]
            )
        }
        let timeline = Table(
            caption: "Command timeline",
            columns: [.init("Time"), .init("Event"), .init("By"), .init("After", isNumeric: true)],
            rows: steps
        )
        let acknowledgements = Table(
            caption: "Acknowledgements",
            columns: [.init("Received"), .init("Status"), .init("Reason"), .init("Evidence")],
            rows: command.acknowledgements.map { acknowledgement in
                Row(
                    key: acknowledgement.ackID.text,
                    cells: [
                        .time(Moment(acknowledgement.receivedAt)), .text(acknowledgement.status.rawValue),
                        .text(acknowledgement.reason),
                        .text(acknowledgement.evidence?.description),
                    ]
                )
            },
            empty: Table.Empty(text: "Not acknowledged yet")
        )
        var facts = [
            Block.Fact("Status", .commandStatus(command.status, command.outcome)),
            Block.Fact(
                "Instance",
                .id(command.instanceID, href: "/bots?q=\(PercentEncoding.encode(command.instanceID))")
            ),
            Block.Fact("Created by", .text(command.createdBy)),
            Block.Fact("Reason", .text(command.reason)),
            Block.Fact("Issued", .time(Moment(command.issuedAt))),
            Block.Fact("Expires", .time(Moment(command.expiresAt))),
            Block.Fact("Times delivered", .text(Figures.count(command.deliveryCount))),
            Block.Fact("Command ID", .id(command.commandID.text)),
        ]
        if let old = command.supersedes {
            let outcome = command.supersededOutcome?.description(after: .superseded)
            facts.append(Block.Fact("Supersedes", .id(old.text, href: "/commands/\(old.text)", note: outcome)))
        }
        if command.status.isCancelable {
            let cancel = Form(
                action: "/commands/\(id)/cancel",
                shape: "inline",
                buttons: [Form.Button("Cancel command")]
            )
            facts.append(Block.Fact("", Cell(forms: [cancel])))
        }
        let repetition = Form(
            action: "/commands/new",
            method: "get",
            shape: "inline",
            hidden: [
                Form.Hidden(name: "instance", value: command.instanceID), Form.Hidden(name: "repeats", value: id),
            ],
            buttons: [Form.Button("Repeat command…", name: "type", value: command.commandType.rawValue)]
        )
        facts.append(Block.Fact("", Cell(note: command.repetitionWarning, forms: [repetition])))
        return PageView(
            title: "\(command.commandType.rawValue) on \(command.instanceID)",
            blocks: [
                Block("receipt", "Command", shape: "half", asOf: .now, .facts(facts)),
                Block("payload", "Payload", shape: "half", .code(PrettyJSON.text(command.payload))),
                Block("timeline", "Timeline", asOf: .now, .table(timeline.labelled())),
                Block("acknowledgements", "Acknowledgements", .table(acknowledgements.labelled())),
            ]
        )
    }

    /// `/command-bulks/{bulk_id}`: the progress of commands that were sent together.
    func bulk(_ id: String, _ request: WebRequest) async throws(Problem) -> PageView {
        let coverage = try await api.getBulkCoverage(input(request, path: [id])).body
        let query = Fields(of: [("bulk_id", id), ("page", request.query["page"])])
        let page = try await api.listCommands(input(request, query.with("page_size", "50"))).body
        func figure(_ label: String, _ count: Int, tone: String = "", note: String? = nil) -> Block.Figure {
            let share = coverage.total > 0 ? Double(count) / Double(coverage.total) : 0
            return Block.Figure(
                label,
                Figures.count(count),
                note: note ?? Figures.percent(share),
                tone: Figures.tone(count, tone)
            )
        }
        let lost = "their dead-man switches trigger"
        return PageView(
            title: "\(coverage.commandType.rawValue) on \(coverage.total) instances",
            note: coverage.reason,
            blocks: [
                Block(
                    "coverage",
                    shape: "plain",
                    asOf: .now,
                    .figures([
                        figure("Commands", coverage.total, note: "by \(coverage.createdBy)"),
                        figure("Awaiting approval", coverage.awaitingApproval, tone: "halt-text"),
                        figure("Delivered", coverage.delivered),
                        figure("Confirmed", coverage.confirmed, tone: "good-text"),
                        figure("Failed", coverage.failed, tone: "bad-text"),
                        figure("Expired or ended", coverage.ended, tone: "bad-text"),
                        figure(
                            "Outcome unknown",
                            coverage.outcomeUnknown,
                            tone: "bad-text",
                            note: "delivered before they ended"
                        ),
                        figure(
                            "Completed late",
                            coverage.completedLate,
                            tone: "bad-text",
                            note: "completed after they ended"
                        ),
                        figure("Unreachable", coverage.unreachable, tone: "bad-text", note: lost),
                    ])
                ),
                Block(
                    "commands",
                    "Commands",
                    asOf: .now,
                    .table(Self.commandTable(page, "/command-bulks/\(id)", query.with("bulk_id", nil)))
                ),
            ]
        )
    }

    /// `/approvals`: commands that await a second person.
    func approvals(_ request: WebRequest) async throws(Problem) -> PageView {
        let page = try await api.listCommands(
            input(request, ["status": "AWAITING_APPROVAL", "page_size": "50", "page": request.query["page"]])
        ).body
        var blocks: [Block] = []
        for command in page.items {
            let since = try await commandsSent(since: command, request)
            let query: Fields = ["instance_id": command.instanceID, "page_size": "1"]
            let instance = try await api.listInstances(input(request, query)).body.items.first
            blocks.append(approval(of: command, on: instance, since, request))
        }
        let authentication = request.authentication
        if !blocks.isEmpty, authentication.kind == .provider, !authentication.isRecent {
            blocks.insert(Self.stepUpBlock("/approvals"), at: 0)
        }
        if blocks.isEmpty { blocks.append(Block("none", nil, .text("No commands await approval"))) }
        return PageView(title: "Approvals", note: "You cannot approve or deny your own command", blocks: blocks)
    }

    /// The commands that were sent to the instance after `command` was requested: they are delivered before it.
    private func commandsSent(since command: Command, _ request: WebRequest) async throws(Problem) -> String? {
        let query = Fields(of: [("instance_id", command.instanceID), ("page_size", "20")])
        let recent = try await api.listCommands(input(request, query)).body
        let later = recent.items.filter { $0.createdAt > command.createdAt }
        if later.isEmpty { return nil }
        return later.map { "\($0.commandType.rawValue) \($0.status.rawValue)" }.joined(separator: ", ")
    }

    private func approval(
        of command: Command,
        on instance: Instance?,
        _ since: String?,
        _ request: WebRequest
    ) -> Block {
        let id = command.commandID.text
        // traps: == also treats a canonically equivalent name as the author's, so it cannot decide either.
        let isOwn = command.createdBy == request.principal.name
        let form = Form(
            action: "/commands/\(id)/decide",
            fields: (request.authentication.kind == .token ? [Confirmation.tokenField] : [])
                + [Form.Field("reason", "Reason")],
            buttons: [
                Form.Button("Approve", name: "decision", value: "approve", look: "danger"),
                Form.Button("Deny", name: "decision", value: "deny"),
            ]
        )
        return Block(
            "approval-\(id)",
            "\(command.commandType.rawValue) on \(command.instanceID)",
            shape: "half",
            asOf: .now,
            more: Block.Link(text: "Details", href: "/commands/\(id)"),
            .facts([
                Block.Fact("Instance", .id(command.instanceID, href: instance?.page, note: instance?.botID)),
                Block.Fact("Mode", instance.map { .mode($0.runtimeMode.rawValue) } ?? .unknown),
                Block.Fact("Status", instance.map { .status($0.displayStatus) } ?? .unknown),
                Block.Fact("Exposure", .text(instance.flatMap { Figures.exposure($0.exposures) })),
                Block.Fact("Requested by", .text(command.createdBy)),
                Block.Fact("Reason", .text(command.reason)),
                Block.Fact("Waiting for", .age(command.createdAt)),
                Block.Fact("Commands since request", .text(since, tone: "warn-text")),
                Block.Fact("Expires", .time(Moment(command.expiresAt))),
                Block.Fact("", isOwn ? .text("You cannot approve or deny your own command") : Cell(forms: [form])),
            ])
        )
    }

    /// Approves, denies or cancels a command.
    func decide(_ id: String, _ action: String, _ request: WebRequest) async throws(Problem) -> String {
        if action == "cancel" {
            _ = try await api.cancelCommand(input(request, path: [id]))
            return "/commands/\(id)?done=canceled"
        }
        guard action == "decide" else { throw .noPage }
        let isApproval = request.form["decision"] == "approve"
        try await confirm(request, isApproval ? .approveCommand : .denyCommand)
        let body = JSONObject { json in json.member("reason", request.form["reason"]) }
        if isApproval {
            _ = try await api.approveCommand(input(request, path: [id], body: body))
            return "/approvals?done=approved"
        }
        _ = try await api.denyCommand(input(request, path: [id], body: body))
        return "/approvals?done=denied"
    }
}
