import ContractRuntime
import FoundationEssentials
import Generated

extension Dashboard {
    /// `/commands/new`: a preview of a command, and the form that confirms it.
    func newCommand(_ request: WebRequest) async throws(Problem) -> PageView {
        let preview = try await preview(request.query, request)
        return confirmation(preview, request.query, request, key: UUID().text)
    }

    // MARK: - Preview

    private func preview(_ fields: Fields, _ request: WebRequest) async throws(Problem) -> CommandConfirmation {
        guard let type = fields["type"].flatMap(CommandType.init(rawValue:)) else {
            throw Problem(status: 400, code: "NO_COMMAND", detail: "No command is selected.")
        }
        let target = try Self.target(fields)
        let payload = Self.payload(of: type, fields)
        let dryRun = BulkCommandRequest(
            commandType: type,
            target: target,
            ttlSeconds: 60,
            payload: payload,
            dryRun: true
        )
        let reach = try await api.createCommands(input(request, body: JSONObject(dryRun))).body
        if reach.items.isEmpty { throw .noTarget }
        let isKillSwitch = fields["kill"] != nil
        let level = ConfirmationLevel(type, on: reach.items, isKillSwitch: isKillSwitch)
        var warning: String?
        if let repeated = fields["repeats"] {
            warning = try await api.getCommand(input(request, path: [repeated])).body.repetitionWarning
        }
        return CommandConfirmation(
            type: type,
            target: target,
            reach: reach,
            level: warning == nil ? level : max(level, .reasoned),
            warning: warning
        )
    }

    /// The parameters of a command. Only SET_MODE has one.
    private static func payload(of type: CommandType, _ fields: Fields) -> JSONObject {
        JSONObject { json in
            if type == .setMode, let mode = fields["mode"] { json.member("mode", mode) }
        }
    }

    /// The individually selected instances, or all that match the filters.
    private static func target(_ fields: Fields) throws(Problem) -> FleetQuery {
        if fields["all"] == nil {
            let selected = fields.all("instance")
            if selected.isEmpty { throw .noTarget }
            return FleetQuery(instanceIDs: selected)
        }
        return FleetQuery(
            all: true,
            botID: fields["bot_id"],
            runtimeMode: try filterValue("runtime_mode", fields),
            exchange: fields["exchange"],
            symbol: fields["symbol"],
            status: try filterValue("status", fields),
            q: fields["q"]
        )
    }

    /// An unknown filter value must not match the whole fleet.
    private static func filterValue<Value: RawRepresentable<String>>(_ name: String, _ fields: Fields) throws(Problem)
        -> Value?
    {
        guard let text = fields[name] else { return nil }
        guard let value = Value(rawValue: text) else {
            throw Problem(status: 422, code: "UNKNOWN_FILTER", detail: "Unknown \(name): “\(text)”.")
        }
        return value
    }

    // MARK: - Confirmation

    /// The confirmation page with an error; nil if confirming again cannot fix the problem.
    func confirmation(after problem: Problem, _ request: WebRequest) async -> PageView? {
        guard problem.asksForConfirmation else { return nil }
        guard let preview = try? await preview(request.form, request) else { return nil }
        let error = "\(problem.detail) (\(problem.code))"
        return confirmation(preview, request.form, request, key: request.form["key"] ?? UUID().text, error: error)
    }

    private func confirmation(
        _ preview: CommandConfirmation,
        _ fields: Fields,
        _ request: WebRequest,
        key: String,
        error: String? = nil
    ) -> PageView {
        // The required confirmation of SET_MODE depends on the mode, so the mode is selected first.
        let isModeMissing = preview.type == .setMode && fields["mode"] == nil
        let stepUp = preview.isHighRisk && !request.authentication.isRecent ? request.authentication.kind : nil
        let author = request.principal.name
        let form = isModeMissing ? Self.modeForm(fields) : Self.form(preview, fields, stepUp, key, by: author, error)
        let instances = preview.instances
        let who = instances.count == 1 ? instances[0].instanceID : "\(Figures.count(instances.count)) instances"
        let card = ConfirmationCard(
            effect: "\(preview.type.effect) \(who).",
            facts: Self.facts(preview),
            targets: instances.count > 1 ? Self.targets(preview) : nil,
            form: form
        )
        return PageView(
            title: "\(preview.type.rawValue)\(fields["mode"].map { " to \($0)" } ?? ""): \(who)",
            blocks: (stepUp == .provider ? [Self.stepUpBlock(Self.address(of: preview, fields))] : []) + [
                Block(
                    "confirm",
                    isModeMissing ? "Select a mode" : "Confirm",
                    shape: preview.level == .typed ? "danger" : "",
                    asOf: .now,
                    .confirmation(card)
                )
            ]
        )
    }

    private static func facts(_ preview: CommandConfirmation) -> [Block.Fact] {
        let warning = preview.warning.map { [Block.Fact("Warning", .text($0, tone: "bad-text"))] } ?? []
        let only = preview.instances.count == 1 ? preview.sample.first : nil
        let instance = only.map { only in
            let note = only.status.note
            return [
                Block.Fact("Bot", .id(only.botID)), Block.Fact("Mode", .mode(only.runtimeMode.rawValue)),
                Block.Fact("Status", Cell(note: note, status: only.displayStatus)),
            ]
        }
        return warning + (instance ?? []) + [
            Block.Fact("Symbols", .text((preview.reach.symbols ?? []).prefix(12).joined(separator: ", "))),
            Block.Fact("Exposure", .text(Figures.exposure(preview.reach.exposures ?? []))),
        ]
    }

    private static func targets(_ preview: CommandConfirmation) -> ConfirmationCard.Targets {
        let instances = preview.instances
        let live = instances.count { $0.runtimeMode == .live }
        var table = Table(
            caption: "Affected instances",
            columns: [
                .init("Status"), .init("Instance"), .init("Mode"), .init("Symbol"),
                .init("Net exposure", isNumeric: true),
            ],
            rows: preview.sample.map { instance in
                Row(
                    key: instance.instanceID,
                    cells: [
                        .status(instance.displayStatus), .id(instance.instanceID, note: instance.botID),
                        .mode(instance.runtimeMode.rawValue), .text(instance.symbol), .exposure(instance.exposures),
                    ]
                )
            }
        )
        let more = instances.count - preview.sample.count
        if more > 0 { table.pages = Table.Pages(text: "and \(Figures.count(more)) more") }
        return ConfirmationCard.Targets(
            summary: "\(Figures.count(instances.count)) instances, \(Figures.count(live)) of them LIVE",
            table: table.labelled()
        )
    }

    /// Hidden fields that carry the command and its targets to the next page.
    private static func carried(_ fields: Fields, _ names: [String]) -> [Form.Hidden] {
        (["type", "all", "kill", "repeats"] + botFilters + names).compactMap { name in
            fields[name].map { Form.Hidden(name: name, value: $0) }
        } + fields.all("instance").map { Form.Hidden(name: "instance", value: $0) }
    }

    private static func modeForm(_ fields: Fields) -> Form {
        Form(
            action: "/commands/new",
            method: "get",
            hidden: carried(fields, []),
            buttons: RuntimeMode.allCases.map { mode in
                Form.Button(mode.rawValue, name: "mode", value: mode.rawValue, look: mode == .live ? "danger" : "")
            }
        )
    }

    /// The address of a command's preview.
    private static func address(of preview: CommandConfirmation, _ fields: Fields) -> String {
        "/commands/new?" + Fields(of: carried(fields, ["mode"]).map { ($0.name, $0.value) }).text
    }

    private static func form(
        _ preview: CommandConfirmation,
        _ sent: Fields,
        _ stepUp: WebRequest.Authentication.Kind?,
        _ key: String,
        by author: String,
        _ error: String?
    ) -> Form {
        var fields: [Form.Field] = []
        if preview.level >= .reasoned {
            fields = [
                Confirmation.reasonField(value: sent["reason"] ?? ""),
                Confirmation.lifetimeField(selected: sent["ttl"]),
            ]
        }
        if preview.level == .typed { fields.append(Confirmation.phraseField(preview.phrase)) }
        if stepUp == .token { fields.append(Confirmation.tokenField) }
        let look = preview.level >= .reasoned ? "first danger" : "first"
        return Form(
            action: "/commands",
            shape: "stack",
            hidden: carried(sent, ["mode"]) + [
                Form.Hidden(name: "key", value: key), Form.Hidden(name: "preview", value: preview.fingerprint),
            ] + SignedForm.hidden(preview, payload(of: preview.type, sent), by: author),
            fields: fields,
            buttons: [Form.Button("Send \(preview.type.rawValue)", look: look)],
            error: error,
            phrase: preview.level == .typed ? preview.phrase : nil
        )
    }

    // MARK: - Sending

    /// Checks the confirmation, sends the command and returns the path of its page.
    func sendCommands(_ request: WebRequest) async throws(Problem) -> String {
        let form = request.form
        let preview = try await preview(form, request)
        try preview.check(form)
        if preview.isHighRisk { try await confirm(request, .createCommand) }
        let instances = preview.instances
        let ttl = form["ttl"].flatMap(Int.init) ?? Confirmation.standardLifetime
        let payload = Self.payload(of: preview.type, form)
        if instances.count == 1, let instance = instances.first {
            let id = form["key"].flatMap { UUID(uuidString: $0) } ?? UUID()
            var command = CommandRequest(
                commandID: id,
                instanceID: instance.instanceID,
                commandType: preview.type,
                payload: payload,
                ttlSeconds: ttl,
                reason: form["reason"]
            )
            if try await hasRegistered(form["key_id"], request) { try SignedForm.apply(form, to: &command) }
            _ = try await api.createCommand(input(request, key: id.text, body: JSONObject(command)))
            return "/commands/\(id.text)"
        }
        let commands = BulkCommandRequest(
            commandType: preview.type,
            target: preview.target,
            ttlSeconds: ttl,
            payload: payload,
            reason: form["reason"]
        )
        let key = form["key"] ?? UUID().text
        let bulk = try await api.createCommands(input(request, key: key, body: JSONObject(commands))).body
        return bulk.bulkID.map { "/command-bulks/\($0.text)" } ?? "/commands"
    }
}

extension Dashboard {
    /// Asks a person of the OpenID provider to authenticate again.
    ///
    /// - Parameter path: The page to return to.
    static func stepUpBlock(_ path: String) -> Block {
        Block(
            "step-up",
            "Authenticate again",
            more: Block.Link(text: "Sign in again", href: "/login/openid?again=1&next=\(PercentEncoding.encode(path))"),
            .text("You authenticated too long ago for this action. After signing in again you return to this page.")
        )
    }
}

extension Problem {
    fileprivate static let noTarget = Problem(
        status: 400,
        code: "NO_TARGET",
        detail: "No instances are selected, or the selected instances no longer match."
    )
}
