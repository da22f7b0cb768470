import ContractRuntime
import Generated

/// The arrangement of a list that a user has saved: its views, and the layouts of its tables.
struct SavedList {
    let list: SavedViewListName
    let views: [SavedView]
    let layouts: [TableName: TableLayout]
    /// The view that the page shows; nil for the list without a view.
    let current: SavedView?

    /// The filters of the list's page. Its links keep the view and its columns.
    func filterBar(
        _ request: WebRequest,
        keeping kept: [String] = [],
        passing: [String] = ["page"],
        _ filters: [FilterBar.Filter]
    ) -> FilterBar {
        let names = layouts.keys.map(\.parameter).sorted() + ["view"]
        var bar = FilterBar(list.path, request, keeping: kept + names, passing: passing + ["arrange"], filters)
        // Without a query the list opens with its default view.
        if views.contains(where: \.isDefault) { bar.keep("view", SavedView.none) }
        return bar
    }

    /// Links to the views; empty if there are none.
    var tabs: [PageView.Tab] {
        if views.isEmpty { return [] }
        let all = PageView.Tab(text: "All", href: "\(list.path)?view=\(SavedView.none)", isCurrent: current == nil)
        return [all]
            + views.map { view in
                PageView.Tab(
                    text: view.isDefault ? "\(view.name) (default)" : view.name,
                    href: view.path,
                    isCurrent: view.viewID == current?.viewID
                )
            }
    }

    /// The columns of a table: those of the view, else those of the user's layout.
    func arrangement(of name: TableName, _ request: WebRequest) -> ColumnArrangement {
        let layout = layouts[name] ?? TableLayout(columns: [])
        return ColumnArrangement(name, layout, ofView: request.query[name.parameter])
    }

    /// The forms that save the filters, the order and the columns as a view, and that change or delete the current view.
    func block(_ bar: FilterBar, _ arrangements: [ColumnArrangement]) -> Block {
        let query = arrangements.reduce(bar.query.with("view", nil)) { $0.with($1.table.parameter, $1.shown) }.text
        func form(_ action: String, _ view: SavedView?, _ buttons: [Form.Button], _ summary: String) -> Form {
            Form(
                action: action,
                hidden: [Form.Hidden(name: "list", value: list.rawValue), Form.Hidden(name: "query", value: query)],
                fields: [
                    Form.Field("name", "Name", value: view?.name ?? "", isRequired: true, maximum: 64),
                    Form.Field(
                        "is_default",
                        "Open the list with this view",
                        kind: "checkbox",
                        isChecked: view?.isDefault ?? false
                    ),
                ],
                buttons: buttons,
                summary: summary
            )
        }
        var forms = [form("/views", nil, [Form.Button("Save view", look: "first")], "Save view…")]
        if let current {
            let buttons = [
                Form.Button("Save changes", name: "action", value: "save", look: "first"),
                Form.Button("Delete view", name: "action", value: "delete", look: "danger"),
            ]
            forms.append(form("/views/\(current.viewID.text)", current, buttons, "Change view “\(current.name)”…"))
        }
        return Block("views", shape: "plain", .forms(forms))
    }
}

extension SavedViewListName {
    /// The page of the list.
    var path: String { "/\(rawValue)" }
}

extension SavedView {
    /// The value of `view` for a list without a view.
    static let none = "all"

    /// The page with the view. Its query was written by a client of the API, so it is decoded and encoded again.
    var path: String {
        let fields = Fields(query).pairs.filter { !["view", "done", "arrange"].contains($0.name) }
        return "\(list.path)?\(Fields(of: fields.map { ($0.name, $0.value) }).with("view", viewID.text).text)"
    }
}

extension Dashboard {
    /// Reads the views of a list and the layouts of its tables.
    func savedList(_ list: SavedViewListName, _ tables: [TableName], _ request: WebRequest) async throws(Problem)
        -> SavedList
    {
        let views = try await api.listSavedViews(input(request, ["list": list.rawValue])).body.items
        var layouts: [TableName: TableLayout] = [:]
        for table in tables {
            layouts[table] = try await api.getTableLayout(input(request, path: [table.rawValue])).body
        }
        let current = views.first { $0.viewID.text == request.query["view"] }
        return SavedList(list: list, views: views, layouts: layouts, current: current)
    }

    /// The page of the default view of a list that is opened without a query; nil for any other request.
    func defaultView(_ request: WebRequest) async throws(Problem) -> String? {
        guard request.path.count == 1, let list = request.path.first.flatMap(SavedViewListName.init(rawValue:)) else {
            return nil
        }
        if request.query.pairs.contains(where: { $0.name != "done" }) { return nil }
        let views = try await api.listSavedViews(input(request, ["list": list.rawValue])).body.items
        guard let path = views.first(where: \.isDefault)?.path else { return nil }
        return request.query["done"] == nil ? path : "\(path)&\(request.query.text)"
    }

    /// Saves a view and returns its page.
    func saveView(_ request: WebRequest) async throws(Problem) -> String {
        let body = JSONObject { json in
            json.member("list", request.form["list"] ?? "")
            Self.write(request.form, to: &json)
        }
        let view = try await api.createSavedView(input(request, body: body)).body
        return "\(view.path)&done=\(FlashMessage.viewSaved.rawValue)"
    }

    /// Changes or deletes a view.
    func changeView(_ id: String, _ request: WebRequest) async throws(Problem) -> String {
        if request.form["action"] == "delete" {
            _ = try await api.deleteSavedView(input(request, path: [id]))
            let list = request.form["list"].flatMap(SavedViewListName.init(rawValue:)) ?? .bots
            return "\(list.path)?done=\(FlashMessage.viewDeleted.rawValue)"
        }
        let body = JSONObject { json in Self.write(request.form, to: &json) }
        let view = try await api.updateSavedView(input(request, path: [id], body: body)).body
        return "\(view.path)&done=\(FlashMessage.viewSaved.rawValue)"
    }

    private static func write(_ form: Fields, to json: inout JSONWriter) {
        json.member("name", form["name"] ?? "")
        json.member("query", form["query"] ?? "")
        json.member("is_default", form["is_default"] != nil)
    }
}

// MARK: - Columns

extension Dashboard {
    /// Stores the columns of a table as the form or a script has arranged them, and returns the page with the table.
    func arrangeColumns(_ name: String, _ request: WebRequest) async throws(Problem) -> String {
        guard let table = TableName(rawValue: name) else { throw .noPage }
        let form = request.form
        let query = Fields(form["query"] ?? "").with("done", nil).with("arrange", nil)
        if form["action"] == "reset" {
            _ = try await api.resetTableLayout(input(request, path: [name]))
            return "\(table.path)?\(query.with("done", FlashMessage.columnsReset.rawValue).text)"
        }
        let stored = try await api.getTableLayout(input(request, path: [name])).body
        var arrangement = ColumnArrangement(table, stored)
        try arrangement.apply(form)
        _ = try await api.saveTableLayout(input(request, path: [name], body: JSONObject(arrangement.layout)))
        // A moved column leaves the form open.
        let next = form["up"] ?? form["down"]
        let result = next == nil ? ("done", FlashMessage.columnsSaved.rawValue) : ("arrange", name)
        return "\(table.path)?\(query.with(result.0, result.1).text)"
    }
}
