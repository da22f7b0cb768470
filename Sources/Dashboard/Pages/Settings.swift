import ContractRuntime
import Generated

extension Dashboard {
    /// `/settings`: the browser's own, tokens, notifications, and what this server is.
    func settings(_ request: WebRequest) async throws(Problem) -> PageView {
        let tab = request.query["tab"] ?? "profile"
        let blocks: [Block]
        switch tab {
        case "tokens": blocks = try await tokens(request)
        case "notifications": blocks = try await notifications(request)
        case "about": blocks = Self.about
        default: blocks = Self.profile(request)
        }
        let names = ["profile", "tokens", "notifications", "about"]
        return PageView(
            title: "Settings",
            tabs: names.map { name in
                PageView.Tab(
                    text: name.prefix(1).uppercased() + name.dropFirst(),
                    href: "/settings?tab=\(name)",
                    isCurrent: name == tab
                )
            },
            blocks: blocks
        )
    }

    private static func profile(_ request: WebRequest) -> [Block] {
        let form = Form(
            action: "/preferences",
            shape: "stack",
            hidden: [Form.Hidden(name: "back", value: "/settings")],
            fields: [
                Form.Field(
                    "theme",
                    "Theme",
                    options: [("auto", "as the system"), ("light", "light"), ("dark", "dark")]
                        .map { Form.Option($0.0, $0.1, chosen: request.theme ?? "auto") }
                ),
                Form.Field(
                    "zone",
                    "Times",
                    options: [("utc", "UTC"), ("local", "the browser's zone")].map { Form.Option($0.0, $0.1) }
                ),
                Form.Field(
                    "keys",
                    "Single-key shortcuts",
                    options: [("on", "on"), ("off", "off")].map { Form.Option($0.0, $0.1) }
                ),
            ],
            buttons: [Form.Button("Save", look: "first")]
        )
        let roles = request.principal.scopes.sorted().joined(separator: ", ")
        return [
            Block(
                "you",
                "You",
                shape: "half",
                .facts([Block.Fact("Name", .text(request.principal.name)), Block.Fact("Roles", .text(roles))])
            ),
            Block("profile", "This browser", shape: "half", .form(form)),
        ]
    }

    private func tokens(_ request: WebRequest) async throws(Problem) -> [Block] {
        let page = try await tokenPage(request, Fields(of: [("page", request.query["page"]), ("page_size", "50")]))
        var table = Table(
            caption: "Tokens",
            columns: [
                .init("Name"), .init("Roles"), .init("Instance"), .init("By"), .init("Created"), .init("Expires"),
                .init("State"), .init("Action"),
            ],
            rows: page.items.map { token in
                let isOver = token.revokedAt != nil || token.expiresAt.map { $0 < .now } ?? false
                let revoke = Form(
                    action: "/tokens/\(token.tokenID.text)/revoke",
                    shape: "inline",
                    buttons: [Form.Button("Revoke", look: "small danger", label: "Revoke \(token.name)")]
                )
                return Row(
                    key: token.tokenID.text,
                    cells: [
                        .id(token.name), .text(token.roles.map(\.rawValue).joined(separator: ", ")),
                        .text(token.instanceID), .text(token.createdBy), .time(Moment(token.createdAt)),
                        .time(token.expiresAt.map { Moment($0) }),
                        isOver ? .text("over") : .text("accepted", tone: "good-text"),
                        Cell(forms: isOver ? [] : [revoke]),
                    ]
                )
            },
            empty: Table.Empty(text: "No token was issued.")
        )
        table.pages = Table.Pages(
            "/settings",
            Fields(of: [("tab", "tokens")]),
            page: page.page,
            size: page.pageSize,
            total: page.total
        )
        return [
            Block(
                "tokens",
                "Tokens",
                asOf: .now,
                note: "new ones are issued by POST /tokens: a secret is never sent to a browser ·",
                .table(table.labelled())
            )
        ]
    }

    func changeToken(_ id: String, _ action: String, _ request: WebRequest) async throws(Problem) -> String {
        guard action == "revoke" else { throw .noPage }
        _ = try await api.revokeToken(RevokeToken.Input(apiRequest(.revokeToken, request, path: [id])))
        return "/settings?tab=tokens&done=revoked"
    }

    private func notifications(_ request: WebRequest) async throws(Problem) -> [Block] {
        let page = try await notificationPage(
            request,
            Fields(of: [("page", request.query["page"]), ("page_size", "50")])
        )
        let test = Form(
            action: "/notifications/test",
            fields: [
                Form.Field(
                    "severity",
                    "As if it were",
                    options: Severity.allCases.map { Form.Option($0.rawValue, chosen: "INFO") }
                )
            ],
            buttons: [Form.Button("Test")]
        )
        return [
            Block("test", "Test the targets", .form(test)),
            Block(
                "deliveries",
                "Deliveries",
                asOf: .now,
                .table(Self.deliveryTable(page.items, isReplayable: true))
            ),
        ]
    }

    func testNotification(_ request: WebRequest) async throws(Problem) -> String {
        let severity = Fields(of: [("severity", request.form["severity"])])
        _ = try await api.testNotification(
            TestNotification.Input(apiRequest(.testNotification, request, query: severity))
        )
        return "/settings?tab=notifications&done=tested"
    }

    func replay(_ id: String, _ request: WebRequest) async throws(Problem) -> String {
        _ = try await api.replayNotification(
            ReplayNotification.Input(apiRequest(.replayNotification, request, path: [id]))
        )
        return "/settings?tab=notifications&done=replayed"
    }

    private static var about: [Block] {
        [
            Block(
                "about",
                "About",
                .facts([
                    Block.Fact("Flotilla", .text("the control plane of a fleet of trading bots")),
                    Block.Fact("Contract", .text(ContractDocument.version)),
                    Block.Fact("API reference", Cell(text: "/reference", href: "/reference")),
                ])
            )
        ]
    }

    /// `/system`: how the service itself is.
    func system(_ request: WebRequest) async throws(Problem) -> PageView {
        let health: Health
        switch try await api.getHealth(GetHealth.Input(apiRequest(.getHealth, request))) {
        case .ok(let found): health = found
        }
        let text: String
        switch try await api.getMetrics(GetMetrics.Input(apiRequest(.getMetrics, request))) {
        case .ok(let found): text = found
        }
        let dead = try await notificationPage(request, Fields(of: [("status", "DEAD"), ("page_size", "50")]))
        let waiting = try await notificationPage(request, Fields(of: [("status", "PENDING"), ("page_size", "1")]))
        let metrics = Metrics(text)
        return PageView(
            title: "System",
            blocks: [
                Block(
                    "service",
                    shape: "plain",
                    asOf: health.timestamp,
                    .figures([
                        Block.Figure(
                            "Schema",
                            health.schemaVersion.map { "\($0)" } ?? "—",
                            note: "contract \(ContractDocument.version)"
                        ),
                        availability().figure,
                        Block.Figure("Outbox", waiting.totalText, note: "notifications on their way"),
                        Block.Figure(
                            "Undeliverable",
                            dead.totalText,
                            note: "given up",
                            tone: dead.total > 0 ? "bad-text" : ""
                        ),
                    ])
                ),
                Block(
                    "metrics",
                    "Figures of the dashboard's process",
                    asOf: health.timestamp,
                    note: "GET /metrics has those of the API's process ·",
                    .table(metrics.table)
                ),
                Block(
                    "dead",
                    "Undeliverable notifications",
                    asOf: .now,
                    .table(Self.deliveryTable(dead.items, isReplayable: true))
                ),
            ]
        )
    }
}

/// The lines of `GET /metrics` (the text format of Prometheus) that a person can read.
private struct Metrics {
    private let lines: [(name: String, labels: String, value: String)]

    init(_ text: String) {
        lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            guard let space = line.lastIndex(of: " ") else { return nil }
            let name = line[..<space]
            let value = String(line[line.index(after: space)...])
            guard let brace = name.firstIndex(of: "{") else { return (String(name), "", value) }
            return (String(name[..<brace]), String(name[brace...].dropFirst().dropLast()), value)
        }
    }

    /// Histograms are for machines.
    var table: Table {
        let rows = lines.filter { !$0.name.hasSuffix("_bucket") && !$0.name.hasSuffix("_sum") }
            .map { line in
                Row(
                    key: line.name + line.labels,
                    cells: [.text(line.name), .text(line.labels), .number(line.value)]
                )
            }
        return Table(
            caption: "Figures of the dashboard's process",
            columns: [.init("Name"), .init("Labels"), .init("Value", isNumeric: true)],
            rows: rows
        ).labelled()
    }
}
