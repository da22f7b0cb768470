import ContractRuntime
import Generated

extension Dashboard {
    private static var auditFilters: [FilterBar.Filter] {
        [
            .text("actor", "Actor"), .text("action", "Action"), .text("target_type", "Kind of target"),
            .text("target_id", "Target"), .cases("result", "Result", AuditResult.self), .text("from", "From"),
            .text("to", "To"),
        ]
    }

    /// `/audit`: the audit log and its verification.
    func audit(_ request: WebRequest) async throws(Problem) -> PageView {
        let saved = try await savedList(.audit, [.audit], request)
        let bar = saved.filterBar(request, Self.auditFilters)
        let position: Fields = ["page": request.query["page"], "page_size": "50"]
        let page = try await api.listAuditLogs(input(request, bar.active.and(position))).body
        let arrangement = saved.arrangement(of: .audit, request)
        var table = Self.auditTable(page, "Audit entries").arranged(by: arrangement, bar.query, request)
        let csv = "/api/audit/logs.csv?\(bar.active.with("limit", "100000").text)"
        table.pages = Table.Pages("/audit", bar.query, page, csv: csv)
        let verify = Form(action: "/audit/verify", buttons: [Form.Button("Verify audit log")])
        return PageView(
            title: "Audit log",
            note: bar.note,
            views: saved.tabs,
            blocks: [
                chain, Block("verify", shape: "plain", .form(verify)), bar.block, saved.block(bar, [arrangement]),
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
                ? "Hash chain verified, \(Self.entries(verification)). Head \(verification.head.prefix(16))…"
                    + Self.start(verification)
                : "Broken at \(Self.place(verification)): \(verification.reason ?? "")"
            return Block("chain", shape: verification.isIntact ? "plain" : "banner bad", asOf: time, .text(text))
        }
    }

    /// Where the log is broken.
    private static func place(_ verification: AuditVerification) -> String {
        if let number = verification.brokenAt { return "entry \(number)" }
        return verification.brokenPosition.map { "position \($0)" } ?? "an unknown entry"
    }

    /// The number of verified entries, and of those that the next check seals.
    private static func entries(_ verification: AuditVerification) -> String {
        let (sealed, unsealed, unprotected) = (
            verification.sealed, verification.unsealed, verification.unprotected ?? 0
        )
        var verified = "\(Figures.count(sealed)) \(sealed == 1 ? "entry" : "entries")"
        if unprotected > 0 { verified += ", \(Figures.count(unprotected)) sealed without a key" }
        return unsealed == 0 ? verified : "\(verified), \(Figures.count(unsealed)) not sealed yet"
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
            columns: TableName.audit.columns,
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
