import ContractRuntime
import Generated

extension Dashboard {
    /// `/retired-instances`: the instances that left the fleet, the last retired first.
    func retiredInstances(_ request: WebRequest) async throws(Problem) -> PageView {
        let query = Fields(of: [("q", request.query["q"]), ("page", request.query["page"])])
        let page = try await retiredPage(request, query.with("page_size", "50"))
        let form = Form(
            action: "/retired-instances",
            method: "get",
            fields: [Form.Field("q", "Search", kind: "search", value: query["q"] ?? "")],
            buttons: [Form.Button("Show", name: "page", value: "1")]
        )
        var table = Table(
            caption: "Retired instances",
            columns: [
                .init("Instance"), .init("Mode"), .init("Symbol"), .init("Last seen", isNumeric: true),
                .init("Retired"), .init("By"), .init("Reason"), .init("State"),
            ],
            rows: page.items.map(Self.retiredRow),
            empty: Table.Empty(text: query["q"] == nil ? "No instance is retired." : "No matching instances.")
        )
        table.pages = Table.Pages("/retired-instances", query, page: page.page, size: page.pageSize, total: page.total)
        return PageView(
            title: "Retired instances",
            note: "A heartbeat brings an instance back.",
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

    /// `/retired-instances/{instance_id}`: what is known of a retired instance, and what deleting it takes.
    func retiredInstance(_ id: String, _ request: WebRequest) async throws(Problem) -> PageView {
        guard let instance = try await retired(id, request) else { throw .noPage }
        let facts = [
            Block.Fact("Bot", .text(instance.botID)),
            Block.Fact("Mode", .mode(instance.runtimeMode.rawValue)),
            Block.Fact("Trades", .text("\(instance.symbol) on \(instance.exchange)")),
            Block.Fact("Version", .text(instance.version)),
            Block.Fact("Last seen", .time(Moment(instance.lastSeen))),
            Block.Fact("First seen", .time(Moment(instance.firstSeen))),
            Block.Fact("Retired", .time(Moment(instance.retiredAt))),
            Block.Fact("By", .text(instance.retiredBy)),
            Block.Fact("Reason", .text(instance.reason)),
        ]
        let entries = try await auditPage(request, Fields(of: [("target_id", id), ("page_size", "50")]))
        var blocks = [Block("state", "Instance \(id)", asOf: .now, .facts(facts))]
        if instance.isBeingDeleted {
            blocks.append(Block("delete", shape: "banner", .text("It is being deleted.")))
        } else {
            let form = Self.confirmed("/retired-instances/\(Fields.encoded(id))/delete", "Delete", "DELETE \(id)")
            let note = "removes its metrics, positions and tokens; costs, commands and the audit log stay ·"
            blocks.append(Block("delete", "Delete", shape: "danger", note: note, .form(form)))
        }
        blocks.append(
            Block("audit", "Audit", asOf: .now, .table(Self.auditTable(entries, "Entries about the instance")))
        )
        return PageView(title: "\(id), retired", blocks: blocks)
    }

    /// A retired instance; nil when there is no such one.
    func retired(_ id: String, _ request: WebRequest) async throws(Problem) -> RetiredInstance? {
        try await retiredPage(request, Fields(of: [("instance_id", id)])).items.first
    }

    // MARK: - What takes a confirmation

    /// `/instances/{instance_id}/retire`: what retiring an instance takes.
    func retirement(_ id: String, _ request: WebRequest) async throws(Problem) -> PageView {
        let page = try await instances(request, Fields(of: [("instance_id", id)]))
        guard let instance = page.items.first else { throw .noPage }
        var form = Self.confirmed("/instances/\(Fields.encoded(id))/retire", "Retire", "RETIRE \(id)")
        if instance.grossExposure.map({ $0 != Decimal(0) }) == true {
            form.fields.append(
                Form.Field("abandon", "Retire it although it holds positions", kind: "checkbox", value: "1")
            )
        }
        let facts = [
            Block.Fact("State", .status(instance.displayStatus)),
            Block.Fact("Mode", .mode(instance.runtimeMode.rawValue)),
            Block.Fact("Last seen", .time(Moment(instance.lastSeen))),
            Block.Fact("Exposure", .text(instance.netExposure.map { "\(Figures.amount($0)) net" })),
            Block.Fact("Commands", .text("\(instance.waitingCommands) pending, which are canceled")),
        ]
        return PageView(
            title: "Retire \(id)",
            note: "It must be STOPPED or LOST. A heartbeat brings it back.",
            blocks: [
                Block("hit", "Instance \(id)", shape: "danger", asOf: page.generatedAt, .facts(facts)),
                Block("confirm", "Confirm", shape: "danger", .form(form)),
            ]
        )
    }

    /// Retires an instance; the page that lists it then.
    func retire(_ id: String, _ request: WebRequest) async throws(Problem) -> String {
        let reason = try Self.reason(of: request.form, phrase: "RETIRE \(id)")
        let body = InstanceRetirement(reason: reason, abandonPositions: request.form["abandon"] != nil)
        let input = try RetireInstance.Input(apiRequest(.retireInstance, request, path: [id], body: JSONObject(body)))
        _ = try await api.retireInstance(input)
        return "/retired-instances?done=retired"
    }

    /// Deletes a retired instance.
    func delete(_ id: String, _ request: WebRequest) async throws(Problem) -> String {
        let reason = try Self.reason(of: request.form, phrase: "DELETE \(id)")
        let query = Fields(of: [("reason", reason)])
        let input = try DeleteInstance.Input(apiRequest(.deleteInstance, request, path: [id], query: query))
        _ = try await api.deleteInstance(input)
        return "/retired-instances?done=deleting"
    }

    private static func confirmed(_ action: String, _ verb: String, _ phrase: String) -> Form {
        Form(
            action: action,
            shape: "stack",
            fields: [
                Form.Field("reason", "Reason, at least 8 characters", isRequired: true, minimum: 8),
                Form.Field("phrase", "Type \(phrase)", hint: "Exactly, capitals included.", isRequired: true),
            ],
            buttons: [Form.Button(verb, look: "first danger")],
            phrase: phrase
        )
    }

    private static func reason(of form: Fields, phrase: String) throws(Problem) -> String {
        guard let reason = form["reason"], reason.unicodeScalars.count >= 8 else {
            throw .unconfirmed("A reason of at least 8 characters is missing.")
        }
        // By bytes: two texts that only look alike are not the same phrase.
        guard let typed = form["phrase"], Array(typed.utf8) == Array(phrase.utf8) else {
            throw .unconfirmed("The phrase is not “\(phrase)”. Nothing was done.")
        }
        return reason
    }
}

extension RetiredInstance {
    /// Where its page is.
    var page: String { "/retired-instances/\(Fields.encoded(instanceID))" }
}

extension Problem {
    fileprivate static func unconfirmed(_ detail: String) -> Problem {
        Problem(status: 400, code: "CONFIRMATION_REQUIRED", detail: detail)
    }
}
