import ContractRuntime
import Generated

// Sessions, as a part of the settings.
extension Dashboard {
    /// The sessions that the user may end: an admin's are everyone's.
    func sessions(_ request: WebRequest) async throws(Problem) -> [Block] {
        let page = try await api.listSessions(input(request, ["page": request.query["page"], "page_size": "50"])).body
        var table = Table(
            caption: "Sessions",
            columns: [
                .init("User"), .init("Browser"), .init("Address"), .init("Started"), .init("Authenticated"),
                .init("Last use"), .init("Expires"), .init("Action"),
            ],
            rows: page.items.map { session in
                let end = Form(
                    action: "/sessions/\(session.sessionID.text)/end",
                    shape: "inline",
                    buttons: [Form.Button("End session of \(session.principal ?? "unknown")", look: "small danger")],
                    summary: "End…"
                )
                return Row(
                    key: session.sessionID.text,
                    cells: [
                        .id(session.principal ?? "unknown", note: session.isCurrent ? "this browser" : nil),
                        .text(session.browser), .text(session.address), .time(Moment(session.createdAt)),
                        .time(session.authenticatedAt.map { Moment($0) }), .time(Moment(session.usedAt)),
                        .time(Moment(session.expiresAt)), Cell(forms: [end]),
                    ]
                )
            },
            empty: Table.Empty(text: "No sessions")
        )
        table.pages = Table.Pages(
            "/settings",
            Fields(of: [("tab", "sessions")]),
            page: page.page,
            size: page.pageSize,
            total: page.total
        )
        return [Block("sessions", "Sessions", asOf: .now, .table(table.labelled()))]
    }

    /// Ends a session.
    func changeSession(_ id: String, _ action: String, _ request: WebRequest) async throws(Problem) -> String {
        guard action == "end" else { throw .noPage }
        _ = try await api.revokeSession(input(request, path: [id]))
        return "/settings?tab=sessions&done=sessionEnded"
    }
}
