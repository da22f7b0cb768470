import ContractRuntime
import Generated

/// The columns of a table as a user has arranged them: which are shown, in which order and how wide.
struct ColumnArrangement {
    let table: TableName
    private(set) var entries: [Entry]
    /// Whether a view has chosen the columns, instead of the user's layout of the table.
    let isOfView: Bool

    struct Entry {
        let column: Table.Column
        let name: String
        var isShown: Bool
        /// The width in CSS pixels; nil for a width that fits the content.
        var width: Int?
    }

    /// The widths that can be set, in CSS pixels. The contract has the same bounds.
    static let widths = 40...1_000

    /// - Parameters:
    ///   - layout: The user's layout. Columns that it does not mention follow in the standard layout.
    ///   - names: The columns that a view shows, separated by commas.
    init(_ table: TableName, _ layout: TableLayout, ofView names: String? = nil) {
        self.table = table
        var rest = table.columns.compactMap { column in
            column.name.map { Entry(column: column, name: $0, isShown: column.isShown, width: nil) }
        }
        var entries: [Entry] = []
        for stored in layout.columns {
            guard var entry = Self.take(stored.name, from: &rest) else { continue }
            entry.isShown = stored.isShown || entry.column.isRequired
            entry.width = stored.width
            entries.append(entry)
        }
        entries += rest
        let chosen = (names ?? "").split(separator: ",").compactMap { name in
            let entry = Self.take(String(name), from: &entries)
            return entry.map { Entry(column: $0.column, name: $0.name, isShown: true, width: $0.width) }
        }
        isOfView = !chosen.isEmpty
        if isOfView {
            for place in entries.indices { entries[place].isShown = entries[place].column.isRequired }
        }
        self.entries = chosen + entries
    }

    /// Removes the entry of a column from a list and returns it.
    private static func take(_ name: String, from entries: inout [Entry]) -> Entry? {
        entries.firstIndex { $0.name.hasSameScalars(as: name) }.map { entries.remove(at: $0) }
    }

    /// The shown columns, separated by commas.
    var shown: String { entries.filter(\.isShown).map(\.name).joined(separator: ",") }

    /// The layout to store.
    var layout: TableLayout {
        TableLayout(
            columns: entries.map { TableColumn(name: $0.name, isShown: $0.isShown, width: $0.width) }
        )
    }
}

extension ColumnArrangement {
    /// Changes the columns as a form says: all of them, with their order; or the width of one.
    mutating func apply(_ form: Fields) throws(Problem) {
        if form["action"] == "width" { return try setWidth(of: form["column"] ?? "", to: form["width"]) }
        let names = form.all("column")
        let shown = form.all("shown")
        var rest = entries
        var arranged: [Entry] = []
        for name in names {
            guard let entry = Self.take(name, from: &rest) else { continue }
            let isShown = entry.column.isRequired || shown.contains { $0.hasSameScalars(as: name) }
            arranged.append(Entry(column: entry.column, name: entry.name, isShown: isShown, width: entry.width))
        }
        entries = arranged + rest
        for (name, width) in zip(names, form.all("width")) { try setWidth(of: name, to: width.isEmpty ? nil : width) }
        if let name = form["up"] { move(name, by: -1) }
        if let name = form["down"] { move(name, by: 1) }
    }

    private mutating func setWidth(of name: String, to text: String?) throws(Problem) {
        guard let place = entries.firstIndex(where: { $0.name.hasSameScalars(as: name) }) else { return }
        let width = text.map { Int($0) ?? 0 }
        if let width, !Self.widths.contains(width) {
            let range = "\(Self.widths.lowerBound) to \(Self.widths.upperBound)"
            let title = entries[place].column.title
            throw Problem(
                status: 422,
                code: "INVALID_WIDTH",
                detail: "The width of “\(title)” must be \(range) pixels."
            )
        }
        entries[place].width = width
    }

    private mutating func move(_ name: String, by step: Int) {
        guard let place = entries.firstIndex(where: { $0.name.hasSameScalars(as: name) }) else { return }
        let target = place + step
        if entries.indices.contains(target) { entries.swapAt(place, target) }
    }
}

extension Table {
    /// The form in which a user arranges the columns of a table.
    struct Chooser {
        let table: String
        let caption: String
        /// The query of the page, to which the form leads back.
        let query: String
        /// Whether the form is shown.
        let isOpen: Bool
        let note: String
        let columns: [Column]

        struct Column {
            let name: String
            let title: String
            let isShown: Bool
            let isRequired: Bool
            let width: String
        }
    }

    /// A copy with the columns of an arrangement, and with the form that changes it.
    ///
    /// - Parameter query: The query of the page.
    func arranged(by arrangement: ColumnArrangement, _ query: Fields, _ request: WebRequest) -> Table {
        let shown = arrangement.entries.filter(\.isShown).compactMap { entry in
            columns.firstIndex { $0.name?.hasSameScalars(as: entry.name) == true }.map {
                (place: $0, width: entry.width)
            }
        }
        var table = self
        table.columns = shown.map { place, width in
            var column = columns[place]
            column.width = width
            return column
        }
        table.rows = rows.map { row in
            let cells = shown.map { place, _ in place < row.cells.count ? row.cells[place] : Cell() }
            return Row(key: row.key, selection: row.selection, href: row.href, cells: cells)
        }
        let name = arrangement.table.rawValue
        table.chooser = Chooser(
            table: name,
            caption: caption,
            query: query.with(arrangement.table.parameter, nil).text,
            isOpen: request.query["arrange"]?.hasSameScalars(as: name) == true,
            note: arrangement.isOfView
                ? "A view shows these columns. Saved here, they become those of the list without a view."
                : "Widths are in pixels. A column without a width fits its content.",
            columns: arrangement.entries.map { entry in
                Chooser.Column(
                    name: entry.name,
                    title: entry.column.title,
                    isShown: entry.isShown,
                    isRequired: entry.column.isRequired,
                    width: entry.width.map { "\($0)" } ?? ""
                )
            }
        )
        return table
    }
}
