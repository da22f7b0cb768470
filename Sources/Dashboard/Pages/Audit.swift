import ContractRuntime
import Generated

extension Dashboard {
    private static var auditFilters: [String] {
        ["actor", "action", "target_type", "target_id", "result", "from", "to"]
    }

    /// `/audit`: the audit log and its verification.
    func audit(_ request: WebRequest) async throws(Problem) -> PageView {
        let query = Fields(of: (Self.auditFilters + ["page"]).map { ($0, request.query[$0]) })
        let page = try await api.listAuditLogs(input(request, query.with("page_size", "50"))).body
        let form = Form(
            action: "/audit",
            method: "get",
            fields: [
                Form.Field("actor", "Actor", value: query["actor"] ?? ""),
                Form.Field("action", "Action", value: query["action"] ?? ""),
                Form.Field("target_id", "Target", value: query["target_id"] ?? ""),
                Form.Field(
                    "result",
                    "Result",
                    options: Form.Option.all(AuditResult.self, selected: query["result"])
                ),
            ],
            buttons: [Form.Button("Apply filters")]
        )
        var table = Self.auditTable(page, "Audit entries")
        table.pages = Table.Pages(
            "/audit",
            query,
            page,
            csv: "/api/audit/logs.csv?\(query.with("page", nil).with("limit", "100000").text)"
        )
        return PageView(
            title: "Audit log",
            blocks: [
                chain,
                Block(
                    "verify",
                    shape: "plain",
                    .form(Form(action: "/audit/verify", buttons: [Form.Button("Verify audit log")]))
                ),
                Block("filters", shape: "plain", .form(form)),
                Block("entries", "Entries", asOf: .now, .table(table)),
            ]
        )
    }

    /// The result of the last verification.
    private var chain: Block {
        switch verifier.status {
        case .never: return Block("chain", shape: "plain", .text("Not verified since this server started"))
        case .running(let sealed):
            let text = "Verification in progress: \(Figures.count(sealed)) sealed entries are unchanged so far"
            return Block("chain", shape: "plain", .text(text))
        case .failed(let problem):
            let text = "The last verification did not finish: \(problem.detail)."
            return Block("chain", shape: "banner warn", .text(text))
        case .done(let verification, let time):
            let text =
                verification.isIntact
                ? "Intact: \(Figures.count(verification.sealed)) sealed entries are unchanged, "
                    + "\(Figures.count(verification.unsealed)) are not sealed yet. Head \(verification.head.prefix(16))…"
                    + Self.start(verification)
                : "Broken at entry \(verification.brokenAt.map { "\($0)" } ?? "?"): \(verification.reason ?? "")"
            return Block("chain", shape: verification.isIntact ? "plain" : "banner bad", asOf: time, .text(text))
        }
    }

    /// The start of the verified chain, if older entries were dropped.
    private static func start(_ verification: AuditVerification) -> String {
        verification.dropped == 0
            ? ""
            : " \(Figures.count(verification.dropped)) older entries were exported and dropped; the chain continues from "
                + "\(verification.droppedHead.prefix(16))…"
    }

    /// Starts a verification of the whole chain. Its duration grows with the length of the log.
    func verifyAudit(_ request: WebRequest) async throws(Problem) -> String {
        try await verifier.run { [self] after throws(Problem) in
            try await api.verifyAuditLog(input(request, ["after": "\(after)"])).body
        }
        return "/audit?done=verified"
    }

    static func auditTable(_ page: AuditPage, _ caption: String) -> Table {
        Table(
            caption: caption,
            columns: [
                .init("Time"), .init("Actor"), .init("Action"), .init("Target"), .init("Result"), .init("Details"),
            ],
            rows: page.items.map { entry in
                let details = entry.details.description
                return Row(
                    key: entry.auditID.text,
                    cells: [
                        .time(Moment(entry.timestamp)), .text(entry.actor), .text(entry.action),
                        .id(entry.targetID, note: entry.targetType),
                        .text(entry.result.rawValue, tone: entry.result.tone),
                        Cell(text: details == "{}" ? nil : details, isID: true),
                    ]
                )
            },
            empty: Table.Empty(text: "No matching audit entries")
        ).labelled()
    }
}
