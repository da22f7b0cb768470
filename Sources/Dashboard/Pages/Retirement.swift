import ContractRuntime
import Generated

extension Dashboard {
    /// `/retired-instances`: retired instances, most recently retired first.
    func retiredInstances(_ request: WebRequest) async throws(Problem) -> PageView {
        let query = Fields(of: [("q", request.query["q"]), ("page", request.query["page"])])
        let page = try await api.listRetiredInstances(input(request, query.with("page_size", "50"))).body
        let form = Form(
            action: "/retired-instances",
            method: "get",
            fields: [Form.Field("q", "Search", kind: "search", value: query["q"] ?? "")],
            buttons: [Form.Button("Search", name: "page", value: "1")]
        )
        var table = Table(
            caption: "Retired instances",
            columns: [
                .init("Instance"), .init("Mode"), .init("Symbol"), .init("Last seen", isNumeric: true),
                .init("Retired"), .init("Retired by"), .init("Reason"), .init("Status"),
            ],
            rows: page.items.map(Self.retiredRow),
            empty: Table.Empty(text: query["q"] == nil ? "No retired instances" : "No matching instances")
        )
        table.pages = Table.Pages("/retired-instances", query, page: page.page, size: page.pageSize, total: page.total)
        return PageView(
            title: "Retired instances",
            note: "A retired instance returns to the fleet when it sends a heartbeat",
            blocks: [
                Block("filters", shape: "plain", .form(form)),
                Block("retired", "Retired instances", asOf: .now, .table(table.labelled())),
            ]
        )
    }

    private static func retiredRow(_ instance: RetiredInstance) -> Row {
        Row(
            key: instance.instanceID,
            href: instance.page,
            cells: [
                .id(instance.instanceID, href: instance.page, note: instance.botID),
                .mode(instance.runtimeMode.rawValue), .text(instance.symbol, note: instance.exchange),
                .age(instance.lastSeen), .time(Moment(instance.retiredAt)), .text(instance.retiredBy),
                .text(instance.reason),
                instance.isBeingDeleted ? .text("being deleted", tone: "warn-text") : .text("retired"),
            ]
        )
    }

    /// `/retired-instances/{instance_id}`: a retired instance, and the form that deletes it.
    func retiredInstance(_ id: String, _ request: WebRequest) async throws(Problem) -> PageView {
        guard let instance = try await retired(id, request) else { throw .noPage }
        let facts = [
            Block.Fact("Bot", .text(instance.botID)),
            Block.Fact("Mode", .mode(instance.runtimeMode.rawValue)),
            Block.Fact("Market", .text("\(instance.symbol) on \(instance.exchange)")),
            Block.Fact("Version", .text(instance.version)),
            Block.Fact("Last seen", .time(Moment(instance.lastSeen))),
            Block.Fact("First seen", .time(Moment(instance.firstSeen))),
            Block.Fact("Retired", .time(Moment(instance.retiredAt))),
            Block.Fact("Retired by", .text(instance.retiredBy)),
            Block.Fact("Reason", .text(instance.reason)),
        ]
        let entries = try await api.listAuditLogs(input(request, ["target_id": id, "page_size": "50"])).body
        var blocks = [Block("state", "Instance \(id)", asOf: .now, .facts(facts))]
        if instance.isBeingDeleted {
            blocks.append(Block("delete", shape: "banner", .text("The instance is being deleted")))
        } else {
            let form = Self.confirmed(
                "/retired-instances/\(PercentEncoding.encode(id))/delete",
                "Delete instance",
                "DELETE \(id)"
            )
            let note = "deletes metrics, positions and tokens; keeps costs, commands and the audit log ·"
            blocks.append(Block("delete", "Delete instance", shape: "danger", note: note, .form(form)))
        }
        blocks.append(
            Block("audit", "Audit log", asOf: .now, .table(Self.auditTable(entries, "Audit entries of the instance")))
        )
        return PageView(title: "\(id) (retired)", blocks: blocks)
    }

    /// A retired instance; nil if no retired instance has this ID.
    func retired(_ id: String, _ request: WebRequest) async throws(Problem) -> RetiredInstance? {
        try await api.listRetiredInstances(input(request, ["instance_id": id])).body.items.first
    }

    // MARK: - Confirmed actions

    /// `/instances/{instance_id}/retire`: the form that retires an instance.
    func retirement(_ id: String, _ request: WebRequest) async throws(Problem) -> PageView {
        let page = try await api.listInstances(input(request, ["instance_id": id])).body
        guard let instance = page.items.first else { throw .noPage }
        var form = Self.confirmed("/instances/\(PercentEncoding.encode(id))/retire", "Retire instance", "RETIRE \(id)")
        if instance.exposures.contains(where: { $0.grossExposure != Decimal(0) }) {
            form.fields.append(
                Form.Field("abandon", "Retire despite open positions", kind: "checkbox", value: "1")
            )
        }
        let facts = [
            Block.Fact("Status", .status(instance.displayStatus)),
            Block.Fact("Mode", .mode(instance.runtimeMode.rawValue)),
            Block.Fact("Last seen", .time(Moment(instance.lastSeen))),
            Block.Fact("Exposure", .text(Figures.exposure(instance.exposures))),
            Block.Fact("Commands", .text("\(instance.waitingCommands) open, which will be canceled")),
        ]
        return PageView(
            title: "Retire \(id)",
            note: "The instance must be STOPPED or LOST. It returns to the fleet when it sends a heartbeat.",
            blocks: [
                Block("impact", "Instance \(id)", shape: "danger", asOf: page.generatedAt, .facts(facts)),
                Block("confirm", "Confirm", shape: "danger", .form(form)),
            ]
        )
    }

    /// Retires an instance and returns the path of the list of retired instances.
    func retire(_ id: String, _ request: WebRequest) async throws(Problem) -> String {
        let reason = try Self.reason(of: request.form, phrase: "RETIRE \(id)")
        let body = InstanceRetirement(reason: reason, abandonPositions: request.form["abandon"] != nil)
        _ = try await api.retireInstance(input(request, path: [id], body: JSONObject(body)))
        return "/retired-instances?done=retired"
    }

    /// Starts the deletion of a retired instance.
    func delete(_ id: String, _ request: WebRequest) async throws(Problem) -> String {
        let reason = try Self.reason(of: request.form, phrase: "DELETE \(id)")
        let query = Fields(of: [("reason", reason)])
        _ = try await api.deleteInstance(input(request, query, path: [id]))
        return "/retired-instances?done=deleting"
    }

    private static func confirmed(_ action: String, _ verb: String, _ phrase: String) -> Form {
        Form(
            action: action,
            shape: "stack",
            fields: [Confirmation.reasonField(), Confirmation.phraseField(phrase)],
            buttons: [Form.Button(verb, look: "first danger")],
            phrase: phrase
        )
    }

    private static func reason(of form: Fields, phrase: String) throws(Problem) -> String {
        let reason = try Confirmation.reason(in: form)
        try Confirmation.checkPhrase(phrase, in: form, outcome: "Nothing was changed.")
        return reason
    }
}

extension RetiredInstance {
    /// The path of its page.
    var page: String { "/retired-instances/\(PercentEncoding.encode(instanceID))" }
}
