import ContractRuntime
import FoundationEssentials
import Generated

extension Dashboard {
    /// How long a command may be good, in seconds.
    private static var lifetimes: [Int] { [60, 300, 900, 3_600] }

    /// `/commands/new`: what a command would hit, and what it takes to give it.
    func newCommand(_ request: WebRequest) async throws(Problem) -> PageView {
        let preview = try await preview(request.query, request)
        return confirmation(preview, request.query, key: UUID().text)
    }

    // MARK: - Whom it hits

    private func preview(_ fields: Fields, _ request: WebRequest) async throws(Problem) -> Preview {
        guard let type = fields["type"].flatMap(CommandType.init(rawValue:)) else {
            throw Problem(status: 400, code: "NO_COMMAND", detail: "No command was chosen.")
        }
        let instances = try await targets(fields, request)
        if instances.isEmpty {
            throw Problem(
                status: 400,
                code: "NO_TARGET",
                detail: "No instance was chosen, or none is like that any more."
            )
        }
        let isKillSwitch = fields["kill"] != nil
        let level = Danger(type, mode: fields["mode"], on: instances, isKillSwitch: isKillSwitch)
        return Preview(type: type, instances: instances, level: level)
    }

    /// The instances that were chosen one by one, or all that match.
    private func targets(_ fields: Fields, _ request: WebRequest) async throws(Problem) -> [Instance] {
        var found: [Instance] = []
        if fields["all"] == nil {
            for id in fields.all("instance").prefix(200) {
                found += try await instances(request, Fields(of: [("instance_id", id)])).items
            }
            return found
        }
        let filters = Fields(of: Self.botFilters.map { ($0, fields[$0]) } + [("sort", "bot"), ("page_size", "200")])
        for number in 1...500 {
            let page = try await instances(request, filters.with("page", "\(number)"))
            found += page.items
            if found.count >= page.total || page.items.isEmpty { break }
        }
        return found
    }

    // MARK: - The confirmation

    private func confirmation(
        _ preview: Preview,
        _ fields: Fields,
        key: String,
        error: String? = nil
    ) -> PageView {
        let (type, instances) = (preview.type, preview.instances)
        let carried = (["type", "all", "kill"] + Self.botFilters).compactMap { name in
            fields[name].map { Form.Hidden(name: name, value: $0) }
        }
        let chosen = fields.all("instance").map { Form.Hidden(name: "instance", value: $0) }
        var form = Form(
            action: "/commands",
            shape: "stack",
            hidden: carried + chosen + [
                Form.Hidden(name: "key", value: key), Form.Hidden(name: "preview", value: preview.fingerprint),
            ],
            fields: Self.fields(preview, fields),
            buttons: [Form.Button("Send \(type.rawValue)", look: preview.level >= .reasoned ? "first grave" : "first")],
            error: error
        )
        if preview.level == .typed { form.phrase = preview.phrase }
        let live = instances.count { $0.runtimeMode == .live }
        let known = instances.compactMap(\.netExposure)
        let who = instances.count == 1 ? instances[0].instanceID : "\(instances.count) instances"
        let facts = [
            Block.Fact("Hits", .text("\(who), \(live) of them LIVE")),
            Block.Fact("Symbols", .text(Set(instances.map(\.symbol)).sorted().prefix(12).joined(separator: ", "))),
            Block.Fact(
                "Exposure",
                .text(
                    Decimal.sum(known).map { net in
                        let gross = Decimal.sum(instances.compactMap(\.grossExposure)) ?? net
                        return "\(Figures.amount(net)) net, \(Figures.amount(gross)) gross"
                    }
                )
            ),
            Block.Fact("As of", .time(Moment(.now))),
        ]
        var table = Table(
            caption: "Instances that are hit",
            columns: [
                .init("State"), .init("Instance"), .init("Mode"), .init("Symbol"),
                .init("Net exposure", isNumeric: true),
            ],
            rows: instances.prefix(20).map { instance in
                Row(
                    key: instance.instanceID,
                    cells: [
                        .status(instance.sight), .id(instance.instanceID, note: instance.botID),
                        .mode(instance.runtimeMode.rawValue), .text(instance.symbol), .amount(instance.netExposure),
                    ]
                )
            }
        )
        if instances.count > 20 { table.pages = Table.Pages(text: "and \(instances.count - 20) more") }
        return PageView(
            title: "\(type.rawValue): \(who)",
            blocks: [
                Block("hit", "What is hit", shape: preview.level == .typed ? "grave" : "", .facts(facts)),
                Block("targets", "Instances", .table(table.labelled())),
                Block("confirm", "Confirm", shape: preview.level == .typed ? "grave" : "", .form(form)),
            ]
        )
    }

    private static func fields(_ preview: Preview, _ sent: Fields) -> [Form.Field] {
        var fields: [Form.Field] = []
        if preview.type == .setMode {
            let modes = RuntimeMode.allCases.map { Form.Option($0.rawValue, chosen: sent["mode"] ?? "PAPER") }
            fields.append(Form.Field("mode", "Mode", options: modes))
        }
        if preview.level >= .reasoned {
            fields.append(
                Form.Field(
                    "reason",
                    "Reason, at least 8 characters",
                    value: sent["reason"] ?? "",
                    isRequired: true,
                    minimum: 8
                )
            )
            let lifetimes = lifetimes.map { seconds in
                Form.Option("\(seconds)", "\(seconds / 60) min", chosen: sent["ttl"] ?? "300")
            }
            fields.append(Form.Field("ttl", "Good for", options: lifetimes))
        }
        if preview.level == .typed {
            fields.append(
                Form.Field("phrase", "Type \(preview.phrase)", hint: "Exactly, capitals included.", isRequired: true)
            )
        }
        return fields
    }

    // MARK: - Giving it

    /// Looks at everything again, and gives the command; the page with its receipt.
    func giveCommands(_ request: WebRequest) async throws(Problem) -> String {
        let form = request.form
        let preview = try await preview(form, request)
        try Self.check(preview, form)
        let instances = preview.instances
        let ttl = form["ttl"].flatMap(Int.init) ?? 300
        let payload = JSONObject { json in
            if preview.type == .setMode { json.member("mode", form["mode"] ?? "PAPER") }
        }
        if instances.count == 1 {
            let id = form["key"].flatMap { UUID(uuidString: $0) } ?? UUID()
            let command = CommandRequest(
                commandID: id,
                instanceID: instances[0].instanceID,
                commandType: preview.type,
                payload: payload,
                ttlSeconds: ttl,
                reason: form["reason"]
            )
            let input = try CreateCommand.Input(wire(.createCommand, request, key: id.text, body: JSONObject(command)))
            _ = try await api.createCommand(input)
            return "/commands/\(id.text)"
        }
        let commands = BulkCommandRequest(
            commandType: preview.type,
            target: FleetQuery(instanceIDs: instances.map(\.instanceID)),
            ttlSeconds: ttl,
            payload: payload,
            reason: form["reason"]
        )
        let input = try CreateCommands.Input(
            wire(.createCommands, request, key: form["key"] ?? UUID().text, body: JSONObject(commands))
        )
        switch try await api.createCommands(input) {
        case .ok(let bulk), .accepted(let bulk): return bulk.bulkID.map { "/command-bulks/\($0.text)" } ?? "/commands"
        }
    }

    /// Refuses what was not confirmed as its danger asks for.
    private static func check(_ preview: Preview, _ form: Fields) throws(Problem) {
        if preview.type == .setMode, form["mode"].flatMap(RuntimeMode.init(rawValue:)) == nil {
            throw Problem(status: 400, code: "NO_MODE", detail: "No mode was chosen.")
        }
        if preview.level >= .confirmed {
            let seen = form["preview"] ?? ""
            if seen != preview.fingerprint {
                let more = preview.instances.count - (Preview.count(of: seen) ?? 0)
                let change =
                    more > 0
                    ? "\(more) more instances" : more < 0 ? "\(-more) fewer instances" : "other instances or modes"
                throw Problem(
                    status: 409,
                    code: "PREVIEW_OUTDATED",
                    detail: "The preview is outdated: \(change). Nothing was sent; look at it again."
                )
            }
        }
        if preview.level >= .reasoned {
            guard (form["reason"] ?? "").count >= 8 else {
                throw .unconfirmed("A reason of at least 8 characters is missing.")
            }
            guard let ttl = form["ttl"].flatMap(Int.init), lifetimes.contains(ttl) else {
                throw .unconfirmed("For how long the command is good was not chosen.")
            }
        }
        if preview.level == .typed, form["phrase"] != preview.phrase {
            throw .unconfirmed("The phrase is not “\(preview.phrase)”. Nothing was sent.")
        }
    }
}

extension Problem {
    fileprivate static func unconfirmed(_ detail: String) -> Problem {
        Problem(status: 400, code: "CONFIRMATION_REQUIRED", detail: detail)
    }
}
