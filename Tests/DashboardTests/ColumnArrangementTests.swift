import ContractRuntime
import Generated
import Testing

@testable import Dashboard

@Suite struct ColumnArrangementTests {
    private static let standard = "created,command,instance,status,time_to_live,delivered_after,created_by,reason"

    private func layout(_ columns: (String, Bool, Int?)...) -> TableLayout {
        TableLayout(columns: columns.map { TableColumn(name: $0.0, isShown: $0.1, width: $0.2) })
    }

    private func changed(_ form: String, from columns: (String, Bool, Int?)...) throws -> [String] {
        let layout = TableLayout(columns: columns.map { TableColumn(name: $0.0, isShown: $0.1, width: $0.2) })
        var arrangement = ColumnArrangement(.commands, layout)
        try arrangement.apply(Fields(form))
        return arrangement.layout.columns.map { "\($0.name) \($0.isShown) \($0.width ?? 0)" }
    }

    @Test func `without a layout the columns are the standard ones`() {
        let arrangement = ColumnArrangement(.commands, TableLayout(columns: []))
        #expect(arrangement.shown == Self.standard)
        #expect(arrangement.entries.allSatisfy { $0.width == nil })
        #expect(!arrangement.isOfView)
    }

    @Test func `columns that a layout does not mention follow, and unknown or repeated ones are ignored`() {
        let stored = layout(
            ("reason", true, 300),
            ("status", false, 90),
            ("gone", true, 50),
            ("reason", false, 60),
            ("created", true, nil)
        )
        let arrangement = ColumnArrangement(.commands, stored)
        #expect(arrangement.shown == "reason,created,command,instance,time_to_live,delivered_after,created_by")
        #expect(arrangement.entries.prefix(2).map(\.width) == [300, 90])
    }

    @Test func `a required column is always shown`() {
        #expect(ColumnArrangement(.commands, layout(("command", false, nil))).shown.utf8.starts(with: "command,".utf8))
        #expect(ColumnArrangement(.commands, layout(), ofView: "reason").shown == "reason,command")
    }

    @Test func `a view shows its columns, with the widths of the layout`() {
        let arrangement = ColumnArrangement(
            .commands,
            layout(("status", false, 90)),
            ofView: "status,,x,status,command"
        )
        #expect(arrangement.shown == "status,command")
        #expect(arrangement.entries.first?.width == 90)
        #expect(arrangement.entries.count == 8)
        #expect(arrangement.isOfView)
        #expect(ColumnArrangement(.commands, layout(), ofView: "x,y").shown == Self.standard)
    }

    @Test func `a form changes the order, the shown columns and the widths`() throws {
        let form = "column=reason&width=300&column=status&width=&column=command&width=&shown=reason"
        #expect(
            try changed(form, from: ("status", true, 90)).prefix(4)
                == ["reason true 300", "status false 0", "command true 0", "created true 0"]
        )
    }

    @Test func `a column moves by one place, and not beyond the ends`() throws {
        let form = "column=reason&width=&column=status&width=&shown=reason&shown=status"
        #expect(try changed(form + "&up=status").prefix(2) == ["status true 0", "reason true 0"])
        #expect(try changed(form + "&up=reason").prefix(2) == ["reason true 0", "status true 0"])
        #expect(try changed(form + "&down=reason").prefix(2) == ["status true 0", "reason true 0"])
        #expect(try changed(form + "&down=x").prefix(2) == ["reason true 0", "status true 0"])
    }

    @Test func `a width changes alone`() throws {
        let columns = try changed("action=width&column=reason&width=240", from: ("status", false, 90))
        #expect(columns.first == "status false 90")
        #expect(columns.last == "reason true 240")
        #expect(try changed("action=width&column=status&width=", from: ("status", false, 90)).first == "status false 0")
    }

    @Test(arguments: ["39", "1001", "-1", "1e3", "9223372036854775808", "٤٥", "wide"])
    func `any other width is rejected`(_ width: String) {
        let form = Fields(of: [("action", "width"), ("column", "reason"), ("width", width)]).text
        #expect(throws: Problem.self) { try changed(form) }
    }

    @Test func `rows and titles follow the arrangement`() throws {
        let names = TableName.audit.columns.compactMap(\.name)
        let row = Row(key: "1", cells: names.map { Cell(text: $0) })
        let table = Table(caption: "Audit entries", columns: TableName.audit.columns, rows: [row])
        let arrangement = ColumnArrangement(.audit, layout(("result", true, 80), ("actor", false, nil)))
        let request = WebRequest(
            method: "GET",
            path: ["audit"],
            query: Fields("arrange=audit"),
            form: .none,
            principal: Principal(name: "x"),
            address: "",
            csrf: "",
            theme: nil,
            isLocalTime: false,
            hasShortcuts: true
        )
        let arranged = table.arranged(by: arrangement, Fields("actor=a&columns=time&page=2"), request)
        #expect(arranged.columns.map(\.title) == ["Result", "Time", "Action", "Target", "Details"])
        #expect(arranged.columns.map(\.width) == [80, nil, nil, nil, nil])
        #expect(arranged.rows.map { $0.cells.map(\.text) } == [["result", "time", "action", "target", "details"]])
        let chooser = try #require(arranged.chooser)
        #expect(chooser.query == "actor=a&page=2")
        #expect(chooser.isOpen)
        #expect(chooser.note == "Widths are in pixels. A column without a width fits its content.")
        let view = ColumnArrangement(.audit, TableLayout(columns: []), ofView: "time")
        #expect(table.arranged(by: view, .none, request).chooser?.note.utf8.starts(with: "A view shows".utf8) == true)
        #expect(chooser.columns.map { "\($0.name) \($0.isShown)" }.prefix(2) == ["result true", "actor false"])
    }

    @Test func `names of columns are unique and of the form that the contract requires`() {
        for table in TableName.allCases {
            let names = table.columns.compactMap(\.name)
            #expect(names.count == table.columns.count && Set(names).count == names.count, "\(table)")
            #expect(names.allSatisfy { $0.utf8.allSatisfy { $0 == 0x5f || (0x61...0x7a).contains($0) } }, "\(table)")
            #expect(table.columns.contains { $0.isRequired }, "\(table)")
            #expect(table.columns.count <= 64)
        }
    }

    @Test func `known metrics have titles, and others keep their names`() {
        #expect(MetricTitle.text("realized_pnl") == "Realised PnL")
        #expect(MetricTitle.text("Realized_pnl") == "Realized_pnl")
        #expect(MetricTitle.text("myMetric_x") == "myMetric_x")
        #expect(MetricTitle.note("equity") == "Equity")
        #expect(MetricTitle.note("spread_bps") == nil)
    }
}
