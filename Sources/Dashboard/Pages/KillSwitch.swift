import ContractRuntime
import Generated

extension Dashboard {
    /// `/killswitch`: selects a command and its scope. The next page previews the effect and asks for the phrase. The page after that shows
    /// the progress.
    func killSwitch(_ request: WebRequest) async throws(Problem) -> PageView {
        let fleet = try await api.getFleet(input(request)).body
        let recent = try await api.listCommands(input(request, ["page_size": "20"])).body
        let stops = recent.items.filter { CommandType.stopping.contains($0.commandType) }
        let lost = fleet.count(.lost)
        return PageView(
            title: "Kill switch",
            note: "Commands are sent only after you confirm them on the next page",
            blocks: [
                Block(
                    "state",
                    shape: "plain",
                    asOf: fleet.generatedAt,
                    .figures([
                        Block.Figure(
                            "Live instances",
                            Figures.count(fleet.live),
                            note: "of \(Figures.count(fleet.total)) instances"
                        ),
                        Block.Figure("Reduce only", Figures.count(fleet.count(.reduceOnly)), tone: "reduce-text"),
                        Block.Figure("In safe mode", Figures.count(fleet.count(.safeMode)), tone: "halt-text"),
                        Block.Figure("Flattened", Figures.count(fleet.count(.flattened)), tone: "halt-text"),
                        Block.Figure(
                            "Lost",
                            Figures.count(lost),
                            note: "their dead-man switches trigger",
                            tone: Figures.tone(lost, "bad-text")
                        ),
                    ])
                )
            ] + scopes(fleet, request) + [
                Block(
                    "recent",
                    "Recent \(Self.names(CommandType.stopping)) commands",
                    asOf: .now,
                    .table(
                        Self.commandTable(
                            CommandPage(page: 1, pageSize: 20, total: stops.count, totalIsExact: true, items: stops),
                            "/commands",
                            .none
                        )
                    )
                )
            ],
            fleet: fleet
        )
    }

    /// The forms that select a command, if the session's roles permit commands.
    private func scopes(_ fleet: Fleet, _ request: WebRequest) -> [Block] {
        guard permits(CreateCommands.Input.self, request) else {
            return [Block("stop", shape: "banner", .text("Commands require the role operator."))]
        }
        return [
            Block(
                "stop",
                "Stop trading",
                shape: "danger half",
                .form(Self.scope(CommandType.stopping, look: "danger", fleet))
            ),
            Block("release", "Resume trading", shape: "half", .form(Self.scope(CommandType.resuming, fleet))),
        ]
    }

    private static func names(_ types: [CommandType]) -> String {
        let names = types.map(\.rawValue)
        return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    }

    private static func scope(_ types: [CommandType], look: String = "", _ fleet: Fleet) -> Form {
        let exchanges = Set(fleet.groups.map { ExactText($0.exchange) }).map(\.text).sorted()
        return Form(
            action: "/commands/new",
            method: "get",
            shape: "stack",
            hidden: [Form.Hidden(name: "kill", value: "1"), Form.Hidden(name: "all", value: "1")],
            fields: [
                Form.Field(
                    "runtime_mode",
                    "Mode",
                    options: Form.Option.all(RuntimeMode.self, or: "All modes", selected: "LIVE")
                ),
                Form.Field(
                    "exchange",
                    "Exchange",
                    options: [Form.Option("", "All exchanges")] + exchanges.map { Form.Option($0) }
                ),
                Form.Field("symbol", "Symbol", hint: "Leave empty for all symbols"),
            ],
            buttons: types.map { Form.Button($0.rawValue, name: "type", value: $0.rawValue, look: look) }
        )
    }
}
