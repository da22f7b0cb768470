import ContractRuntime
import FoundationEssentials
import Generated

extension Dashboard {
    /// `/admin/modules`: modules and their runs.
    func modules(_ request: WebRequest) async throws(Problem) -> PageView {
        let page = try await api.listModules(input(request, ["page": request.query["page"], "page_size": "50"])).body
        let filters = [FilterBar.Filter.cases("status", "Status of runs", RunStatus.self)]
        let bar = FilterBar("/admin/modules", request, passing: ["page"], filters)
        let runs = try await api.listModuleRuns(input(request, bar.active.with("page_size", "50"))).body
        var table = Table(
            caption: "Modules",
            columns: [
                .init("Module"), .init("Status"), .init("Execution mode"), .init("Schedule"), .init("Next run"),
                .init("Action"),
            ],
            rows: page.items.map(Self.moduleRow),
            empty: Table.Empty(text: "No modules registered")
        )
        table.pages = Table.Pages("/admin/modules", bar.query, page: page.page, size: page.pageSize, total: page.total)
        let stuck = Form(
            action: "/module-runs/check",
            shape: "inline",
            buttons: [Form.Button("Check for stuck runs", look: "small")]
        )
        return PageView(
            title: "Modules / Admin",
            note: bar.note,
            blocks: [
                Block("modules", "Modules", asOf: .now, .table(table.labelled())), bar.block,
                Block("runs", "Recent runs", asOf: .now, .table(Self.runTable(runs))),
                Block("stuck", shape: "plain", .form(stuck)),
                Block("create", "New module", shape: "half", .form(Self.moduleForm(nil))),
            ]
        )
    }

    /// Links that filter a list by each value of an enumeration, after a link without the filter.
    static func choices<Value: CaseIterable & RawRepresentable<String> & Equatable>(
        _ type: Value.Type,
        _ name: String,
        _ path: String,
        _ query: Fields = .none,
        selected: Value?
    ) -> [PageView.Tab] {
        func tab(_ text: String, _ value: Value?) -> PageView.Tab {
            PageView.Tab(
                text: text,
                href: "\(path)?\(query.with(name, value?.rawValue).text)",
                isCurrent: value == selected
            )
        }
        return [tab("All", nil)] + type.allCases.map { tab($0.rawValue, $0) }
    }

    /// Checks for stuck runs now. The server also checks periodically.
    func checkStuckRuns(_ request: WebRequest) async throws(Problem) -> String {
        _ = try await api.checkStuckRuns(input(request))
        return "/admin/modules?done=\(FlashMessage.checked.rawValue)"
    }

    private static func moduleRow(_ module: Module) -> Row {
        let path = "/admin/modules/\(module.moduleID.text)"
        let button = Form(
            action: "\(path)/run",
            shape: "inline",
            buttons: [Form.Button("Run now", look: "small", label: "Run \(module.name) now")]
        )
        return Row(
            key: module.moduleID.text,
            href: path,
            cells: [
                .id(module.name, href: path, note: module.description),
                module.enabled ? .text("Enabled", tone: "good-text") : .text("Disabled"),
                .text(module.executionMode.rawValue), .text(module.scheduleCron),
                .time(module.nextRunAt.map { Moment($0) }), Cell(forms: module.enabled ? [button] : []),
            ]
        )
    }

    static func runTable(_ page: ModuleRunPage) -> Table {
        Table(
            caption: "Runs",
            columns: [
                .init("Started"), .init("Run"), .init("Trigger"), .init("Status"), .init("Duration", isNumeric: true),
                .init("Progress"), .init("Summary"),
            ],
            rows: page.items.map { run in
                let path = "/module-runs/\(run.runID.text)"
                let seconds = run.startedAt.seconds(until: run.endedAt ?? .now)
                return Row(
                    key: run.runID.text,
                    href: path,
                    cells: [
                        .time(Moment(run.startedAt)), .id(String(run.runID.text.prefix(8)), href: path),
                        .text(run.triggerType.rawValue), .text(run.status.rawValue, tone: run.status.tone),
                        .number(Figures.duration(seconds: seconds)),
                        Cell(note: run.progressMessage, share: run.progress), .text(run.summary),
                    ]
                )
            },
            empty: Table.Empty(text: "No matching runs")
        ).labelled()
    }

    /// `/admin/modules/{module_id}`: a module, its runs and its settings.
    func module(_ id: String, _ request: WebRequest) async throws(Problem) -> PageView {
        let module = try await api.getModule(input(request, path: [id])).body
        let runs = try await api.listModuleRuns(input(request, ["module_id": id, "page_size": "50"])).body
        let path = "/admin/modules/\(id)"
        let run = Form(
            action: "\(path)/run",
            shape: "inline",
            buttons: [Form.Button("Run now")]
        )
        let delete = Form(
            action: "\(path)/delete",
            shape: "inline",
            buttons: [Form.Button("Delete module \(module.name)", look: "danger")],
            summary: "Delete…"
        )
        return PageView(
            title: module.name,
            note: module.description,
            blocks: [
                Block(
                    "module",
                    "Module",
                    shape: "half",
                    asOf: .now,
                    .facts([
                        Block.Fact("Enabled", .text(module.enabled ? "yes" : "no")),
                        Block.Fact("Schedule", .text(module.scheduleCron)),
                        Block.Fact("Next run", .time(module.nextRunAt.map { Moment($0) })),
                        Block.Fact("Missed-run policy", .text(module.missedRunPolicy.rawValue)),
                        Block.Fact("Updated", .time(Moment(module.updatedAt))),
                        Block.Fact("", Cell(forms: module.enabled ? [run, delete] : [delete])),
                    ])
                ),
                Block("edit", "Edit module", shape: "half", .form(Self.moduleForm(module))),
                Block("runs", "Runs", asOf: .now, .table(Self.runTable(runs))),
            ]
        )
    }

    private static func moduleForm(_ module: Module?) -> Form {
        Form(
            action: "/admin/modules",
            shape: "stack",
            hidden: module.map { [Form.Hidden(name: "module_id", value: $0.moduleID.text)] } ?? [],
            fields: [
                Form.Field("name", "Name", value: module?.name ?? "", isRequired: true),
                Form.Field("description", "Description", value: module?.description ?? ""),
                Form.Field(
                    "execution_mode",
                    "Execution mode",
                    options: ExecutionMode.allCases.map {
                        Form.Option($0.rawValue, selected: module?.executionMode.rawValue ?? "MANUAL")
                    }
                ),
                Form.Field(
                    "schedule_cron",
                    "Schedule (cron)",
                    value: module?.scheduleCron ?? "",
                    hint: "minute hour day month weekday, in UTC; used only in scheduled modes"
                ),
                Form.Field(
                    "config",
                    "Configuration (JSON object)",
                    value: module.map { PrettyJSON.text($0.config) } ?? "{}",
                    isArea: true
                ),
                Form.Field("enabled", "Enabled", kind: "checkbox", isChecked: module?.enabled ?? true),
            ],
            buttons: [Form.Button("Save module", look: "first")]
        )
    }

    /// Registers or updates a module.
    func saveModule(_ request: WebRequest) async throws(Problem) -> String {
        let form = request.form
        guard let config = JSONObject(form["config"] ?? "{}") else {
            throw Problem(status: 422, code: "MALFORMED_JSON", detail: "The configuration must be a JSON object.")
        }
        let id = form["module_id"] ?? UUID().text
        let body = JSONObject { json in
            json.member("module_id", id)
            json.member("name", form["name"] ?? "")
            json.member("description", form["description"])
            json.member("enabled", form["enabled"] != nil)
            json.member("execution_mode", form["execution_mode"] ?? "")
            json.member("schedule_cron", form["schedule_cron"])
            json.member("config", config)
            json.member("created_at", Timestamp.now)
            json.member("updated_at", Timestamp.now)
        }
        _ = try await api.upsertModule(input(request, body: body))
        return "/admin/modules/\(PercentEncoding.encode(id))?done=saved"
    }

    /// Runs or deletes a module.
    func changeModule(_ id: String, _ action: String, _ request: WebRequest) async throws(Problem) -> String {
        switch action {
        case "run":
            _ = try await api.triggerModuleRun(input(request, path: [id], body: .empty))
            return "/admin/modules/\(id)?done=started"
        case "delete":
            _ = try await api.deleteModule(input(request, path: [id]))
            return "/admin/modules?done=deleted"
        default: throw .noPage
        }
    }

    /// `/module-runs/{run_id}`: the progress and the audit entries of a run.
    func run(_ id: String, _ request: WebRequest) async throws(Problem) -> PageView {
        let run = try await api.getModuleRun(input(request, path: [id])).body
        let entries = try await api.listAuditLogs(input(request, ["run_id": id, "page_size": "50"])).body
        let module = "/admin/modules/\(run.moduleID.text)"
        var facts = [
            Block.Fact("Status", .text(run.status.rawValue, tone: run.status.tone)),
            Block.Fact("Module", .id(run.moduleID.text, href: module)),
            Block.Fact("Trigger", .text(run.triggerType.rawValue)),
            Block.Fact("Started", .time(Moment(run.startedAt))),
            Block.Fact("Ended", .time(run.endedAt.map { Moment($0) })),
            Block.Fact("Worker", .text(run.claimedBy)),
            Block.Fact("Lease expires", .time(run.leaseExpiresAt.map { Moment($0) })),
            Block.Fact("Progress", Cell(text: run.progressMessage, share: run.progress)),
            Block.Fact("Summary", .text(run.summary)),
        ]
        if run.endedAt == nil {
            let cancel = Form(
                action: "/module-runs/\(id)/cancel",
                shape: "inline",
                buttons: [Form.Button("Cancel run")]
            )
            facts.append(Block.Fact("", Cell(forms: [cancel])))
        }
        return PageView(
            title: "Run \(run.runID.text.prefix(8))",
            blocks: [
                Block("run", "Run", asOf: .now, .facts(facts)),
                Block("audit", "Audit log", .table(Self.auditTable(entries, "Audit entries of the run"))),
            ]
        )
    }

    func cancelRun(_ id: String, _ request: WebRequest) async throws(Problem) -> String {
        _ = try await api.cancelModuleRun(input(request, path: [id]))
        return "/module-runs/\(id)?done=canceled"
    }
}
