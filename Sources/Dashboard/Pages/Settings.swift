import ContractRuntime
import Generated

extension Dashboard {
    /// `/settings`: preferences of this browser, sessions, tokens, notifications, and the version of the server.
    func settings(_ request: WebRequest) async throws(Problem) -> PageView {
        let tab = request.query["tab"] ?? "profile"
        let blocks: [Block]
        switch tab {
        case "sessions": blocks = try await sessions(request)
        case "tokens": blocks = try await tokens(request) + enrolmentCodes(request)
        case "notifications": blocks = try await notifications(request)
        case "about": blocks = Self.about
        default: blocks = Self.profile(request, try await api.listFxRates(input(request)).body)
        }
        let names = ["profile", "sessions", "tokens", "notifications", "about"]
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

    private static func profile(_ request: WebRequest, _ rates: FxRateList) -> [Block] {
        let reporting = FilterBar.Filter.reporting(rates, request)
        let form = Form(
            action: "/preferences",
            shape: "stack",
            hidden: [Form.Hidden(name: "back", value: "/settings")],
            fields: [
                Form.Field(
                    "theme",
                    "Theme",
                    options: [("auto", "System"), ("light", "Light"), ("dark", "Dark")]
                        .map { Form.Option($0.0, $0.1, selected: request.theme ?? "auto") }
                ),
                Form.Field(
                    "zone",
                    "Time zone",
                    options: [("utc", "UTC"), ("local", "Browser time zone")]
                        .map { Form.Option($0.0, $0.1, selected: request.isLocalTime ? "local" : "utc") }
                ),
                Form.Field(
                    "keys",
                    "Single-key shortcuts",
                    options: [("on", "On"), ("off", "Off")]
                        .map { Form.Option($0.0, $0.1, selected: request.hasShortcuts ? "on" : "off") }
                ),
            ]
                + [reporting].compactMap(\.self).map { filter in
                    Form.Field(
                        "currency",
                        "Report totals in",
                        options: filter.choices.map { Form.Option($0.value, $0.text, selected: filter.standard ?? "") }
                    )
                },
            buttons: [Form.Button("Save preferences", look: "first")]
        )
        let roles = request.principal.scopes.sorted().joined(separator: ", ")
        return [
            Block(
                "you",
                "Account",
                shape: "half",
                .facts([Block.Fact("Name", .text(request.principal.name)), Block.Fact("Roles", .text(roles))])
            ),
            Block("profile", "This browser", shape: "half", .form(form)), Self.signingKey(request),
        ]
    }

    private func tokens(_ request: WebRequest) async throws(Problem) -> [Block] {
        let page = try await api.listTokens(input(request, ["page": request.query["page"], "page_size": "50"])).body
        var table = Table(
            caption: "Tokens",
            columns: [
                .init("Name"), .init("Roles"), .init("Instance"), .init("Created by"), .init("Created"),
                .init("Expires"),
                .init("Status"), .init("Action"),
            ],
            rows: page.items.map { token in
                let revoke = Form(
                    action: "/tokens/\(token.tokenID.text)/revoke",
                    shape: "inline",
                    buttons: [Form.Button("Revoke \(token.name)", look: "small danger")],
                    summary: "Revoke…"
                )
                return Row(
                    key: token.tokenID.text,
                    cells: [
                        .id(token.name), .text(token.roles.map(\.rawValue).joined(separator: ", ")),
                        .text(token.instanceID), .text(token.createdBy), .time(Moment(token.createdAt)),
                        .time(token.expiresAt.map { Moment($0) }),
                        token.state, Cell(forms: token.isActive ? [revoke] : []),
                    ]
                )
            },
            empty: Table.Empty(text: "No tokens issued")
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
                note: "issue tokens with POST /tokens; secrets are never sent to a browser ·",
                .table(table.labelled())
            )
        ]
    }

    func changeToken(_ id: String, _ action: String, _ request: WebRequest) async throws(Problem) -> String {
        guard action == "revoke" else { throw .noPage }
        _ = try await api.revokeToken(input(request, path: [id]))
        return "/settings?tab=tokens&done=revoked"
    }

    private func notifications(_ request: WebRequest) async throws(Problem) -> [Block] {
        let page = try await api.listNotifications(input(request, ["page": request.query["page"], "page_size": "50"]))
            .body
        let test = Form(
            action: "/notifications/test",
            fields: [
                Form.Field(
                    "severity",
                    "Severity",
                    options: Severity.allCases.map { Form.Option($0.rawValue, selected: "INFO") }
                )
            ],
            buttons: [Form.Button("Send test notification")]
        )
        return try await pushBlocks(request) + [
            Block("test", "Test notification", .form(test)),
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
        _ = try await api.testNotification(input(request, severity))
        return "/settings?tab=notifications&done=tested"
    }

    func replay(_ id: String, _ request: WebRequest) async throws(Problem) -> String {
        _ = try await api.replayNotification(input(request, path: [id]))
        return "/settings?tab=notifications&done=replayed"
    }

    private static var about: [Block] {
        [
            Block(
                "about",
                "About",
                .facts([
                    Block.Fact("Flotilla", .text("Control plane for fleets of trading bots")),
                    Block.Fact("Contract version", .text(ContractDocument.version)),
                    Block.Fact("API reference", Cell(text: "/reference", href: "/reference")),
                ])
            )
        ]
    }

    /// `/system`: the state of the service itself.
    func system(_ request: WebRequest) async throws(Problem) -> PageView {
        let health = try await api.getHealth(input(request)).body
        let text = try await api.getMetrics(input(request)).body
        let dead = try await api.listNotifications(input(request, ["status": "DEAD", "page_size": "50"])).body
        let waiting = try await api.listNotifications(input(request, ["status": "PENDING", "page_size": "1"])).body
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
                            "Schema version",
                            health.schemaVersion.map { "\($0)" } ?? "—",
                            note: "contract \(ContractDocument.version)"
                        ),
                        availability().figure,
                        Block.Figure("Outbox", waiting.totalText, note: "pending deliveries"),
                        Block.Figure(
                            "Failed deliveries",
                            dead.totalText,
                            note: "no attempts left",
                            tone: Figures.tone(dead.total, "bad-text")
                        ),
                    ])
                ),
                Block(
                    "metrics",
                    "Metrics of the dashboard process",
                    asOf: health.timestamp,
                    note: "GET /metrics has the metrics of the API process ·",
                    .table(metrics.table)
                ),
                Block(
                    "dead",
                    "Failed deliveries",
                    asOf: .now,
                    .table(Self.deliveryTable(dead.items, isReplayable: true))
                ),
            ]
        )
    }
}

/// The samples of `GET /metrics` (Prometheus text format) that pages show.
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

    /// A table of the samples, without the buckets and sums of histograms.
    var table: Table {
        let rows = lines.filter { !$0.name.hasSuffix("_bucket") && !$0.name.hasSuffix("_sum") }
            .map { line in
                Row(
                    key: line.name + line.labels,
                    cells: [.text(line.name), .text(line.labels), .number(line.value)]
                )
            }
        return Table(
            caption: "Metrics of the dashboard process",
            columns: [.init("Name"), .init("Labels"), .init("Value", isNumeric: true)],
            rows: rows
        ).labelled()
    }
}
