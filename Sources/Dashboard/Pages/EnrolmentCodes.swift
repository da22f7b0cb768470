import ContractRuntime
import Generated

extension Dashboard {
    /// The list of enrolment codes, and the form that creates one.
    func enrolmentCodes(_ request: WebRequest) async throws(Problem) -> [Block] {
        let page = try await api.listEnrolmentCodes(input(request, ["page_size": "50"])).body
        let form = Form(
            action: "/settings?tab=tokens",
            fields: [
                Form.Field("count", "Instances", kind: "number", value: "1", isRequired: true),
                Form.Field("hours", "Valid for hours", kind: "number", value: "1", isRequired: true),
                Form.Field("bots", "Bots", hint: "Ids, separated by spaces; empty for all bots"),
            ],
            buttons: [Form.Button("Create enrolment code")]
        )
        return [
            Block(
                "enrolment",
                "Enrolment codes",
                asOf: .now,
                note: "agents exchange a code for their credential ·",
                .table(Self.table(page.items).labelled())
            ),
            Block("new-enrolment", "New enrolment code", .form(form)),
        ]
    }

    private static func table(_ codes: [EnrolmentCode]) -> Table {
        Table(
            caption: "Enrolment codes",
            columns: [
                .init("Code"), .init("Bots"), .init("Used", isNumeric: true), .init("Created by"), .init("Expires"),
                .init("Status"), .init("Action"),
            ],
            rows: codes.map { code in
                let revoke = Form(
                    action: "/enrolment-codes/\(code.codeID.text)/revoke",
                    shape: "inline",
                    buttons: [Form.Button("Revoke code", look: "small danger")],
                    summary: "Revoke…"
                )
                let isActive = code.revokedAt == nil && code.expiresAt > .now && code.used < code.count
                let state =
                    isActive
                    ? Cell.text("Active", tone: "good-text")
                    : .text(code.revokedAt != nil ? "Revoked" : code.used >= code.count ? "Used" : "Expired")
                return Row(
                    key: code.codeID.text,
                    cells: [
                        .id(code.codeID.text), .text(code.botIDs.isEmpty ? "All" : code.botIDs.joined(separator: ", ")),
                        .number("\(code.used) of \(code.count)"), .text(code.createdBy), .time(Moment(code.expiresAt)),
                        state, Cell(forms: isActive ? [revoke] : []),
                    ]
                )
            },
            empty: Table.Empty(text: "No enrolment codes")
        )
    }

    /// The settings with a new code. Only this response has the code: it answers a POST, so it is neither compressed nor repeated.
    func createEnrolmentCode(_ request: WebRequest) async throws(Problem) -> PageView {
        let body = JSONObject { json in
            json.member("count", Self.whole(request.form["count"]))
            let seconds = Self.whole(request.form["hours"]).multipliedReportingOverflow(by: 3_600)
            json.member("lifetime_seconds", seconds.overflow ? -1 : seconds.partialValue)
            json.member("bot_ids", (request.form["bots"] ?? "").split(separator: " ").map(String.init))
        }
        let issued = try await api.createEnrolmentCode(input(request, body: body)).body
        var page = try await settings(request)
        let shown = Block("new-code", "Enrolment code, shown only once", .code(issued.code))
        page.blocks.insert(shown, at: 0)
        return page
    }

    /// A number of a form; -1, which the contract rejects, if it is not one.
    private static func whole(_ text: String?) -> Int { text.flatMap { Int($0) } ?? -1 }

    func changeEnrolmentCode(_ id: String, _ action: String, _ request: WebRequest) async throws(Problem) -> String {
        guard action == "revoke" else { throw .noPage }
        _ = try await api.revokeEnrolmentCode(input(request, path: [id]))
        return "/settings?tab=tokens&done=codeRevoked"
    }
}
