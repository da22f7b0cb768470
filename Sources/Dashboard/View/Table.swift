import ContractRuntime
import Mustache

/// A table, with actions for the selected rows.
struct Table {
    let caption: String
    var columns: [Column]
    var rows: [Row]
    /// The text for a table without rows.
    var empty = Empty(text: "No entries")
    var pages: Pages?
    /// The actions for the selected rows.
    var selection: Selection?
    /// The form that arranges the columns.
    var chooser: Chooser?

    struct Column {
        let title: String
        /// Identifies the column in the layouts of users; nil if the table cannot be arranged.
        var name: String?
        var isNumeric = false
        /// A link to the table sorted by this column.
        var href: String?
        /// `ascending` or `descending` if the table is sorted by this column.
        var order: String?
        /// Whether phones leave it out: the row's page has it, too.
        var isSecondary = false
        /// Whether the standard layout shows it.
        var isShown = true
        /// Whether every layout shows it: it identifies the row.
        var isRequired = false
        /// The width in CSS pixels; nil for a width that fits the content.
        var width: Int?

        init(
            _ title: String,
            name: String? = nil,
            isNumeric: Bool = false,
            href: String? = nil,
            order: String? = nil,
            isSecondary: Bool = false,
            isRequired: Bool = false
        ) {
            self.title = title
            self.name = name
            self.isRequired = isRequired
            self.isNumeric = isNumeric
            self.href = href
            self.order = order
            self.isSecondary = isSecondary
        }

        /// The same column, which phones leave out.
        var secondary: Column {
            var column = self
            column.isSecondary = true
            return column
        }
    }

    struct Empty {
        let text: String
        var code: String?
    }

    struct Pages {
        let text: String
        var previous: String?
        var next: String?
        var csv: String?
    }

    struct Selection {
        let action: String
        /// Whether the buttons act immediately (POST) instead of opening a confirmation page (GET).
        var isPost = false
        /// The label of a checkbox that selects all matching rows, not only those on the page.
        var all: String?
        var hidden: [Form.Hidden] = []
        let buttons: [Form.Button]
    }
}

/// A row. Its key identifies it for live updates.
struct Row {
    let key: String
    /// The form field that selecting the row sends.
    var selection: Form.Hidden?
    /// The page that the keyboard opens for the row.
    var href: String?
    let cells: [Cell]
}

extension Row: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "key": key
        case "selection": selection
        case "href": href
        case "cells": cells
        default: nil
        }
    }
}

/// A value in a table or in a list of facts, with its presentation.
struct Cell {
    var text: String?
    var href: String?
    /// A second, smaller line.
    var note: String?
    /// A time as a smaller line.
    var noteTime: Moment?
    var tone = ""
    var isNumeric = false
    var isID = false
    /// Whether the text has several lines, in any direction of writing.
    var isMessage = false
    /// Whether the link leads to another site.
    var isExternal = false
    /// A long text that the reader can open.
    var details: Details?
    var time: Moment?
    /// A runtime mode, shown as a badge.
    var mode: String?
    var status: Status?
    var icon: StatusIcon?
    /// Heartbeats over time.
    var strip: HeartbeatStrip?
    /// A value over time.
    var spark: Sparkline?
    /// The elapsed share of a period, from 0 to 1.
    var share: Double?
    var forms: [Form] = []
    /// A button of the form around the table that acts on this row only.
    var action: Action?
    /// Spaces that align the decimal point with those of the column.
    var pad: String?
    /// The title of the column.
    var label = ""
    /// Whether phones leave it out.
    var isSecondary = false

    struct Status {
        let text: String
        let kind: String
    }

    struct Action {
        let text: String
        let path: String
    }

    struct Details {
        let summary: String
        let text: String
    }

    /// An unknown value, which must not look like zero.
    static let unknown = Cell(text: "—")
    /// The same among numbers.
    static let unknownNumber = Cell(text: "—", isNumeric: true)

    static func text(_ text: String?, note: String? = nil, at time: Timestamp? = nil, tone: String = "") -> Cell {
        guard let text, !text.isEmpty else { return .unknown }
        return Cell(text: text, note: note, noteTime: time.map { Moment($0) }, tone: tone)
    }

    static func id(_ text: String, href: String? = nil, note: String? = nil) -> Cell {
        Cell(text: text, href: href, note: note, isID: true)
    }

    static func time(_ time: Moment?) -> Cell {
        guard let time else { return .unknown }
        return Cell(time: time)
    }

    static func message(_ text: String) -> Cell { Cell(text: text, isMessage: true) }

    static func mode(_ mode: String) -> Cell { Cell(mode: mode) }

    static func icon(_ icon: StatusIcon, _ text: String) -> Cell { Cell(text: text, tone: icon.tone, icon: icon) }

    static func number(_ text: String, note: String? = nil, tone: String = "") -> Cell {
        Cell(text: text, note: note, tone: tone, isNumeric: true)
    }
}

extension Cell: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "plain": href == nil && tone.isEmpty ? text.map { Words(words: $0.words) } : nil
        case "toned": href == nil && !tone.isEmpty ? text.map { Toned(words: $0.words, tone: tone) } : nil
        case "link": link
        case "details": details
        case "isMessage": isMessage
        case "note": note
        case "noteTime": noteTime
        case "time": time
        case "mode": mode
        case "isLive": mode == "LIVE"
        case "status": status
        case "icon": icon
        case "strip": strip
        case "spark": spark
        case "share": share.map { "\($0)" }
        case "action": action
        case "forms": forms.isEmpty ? nil : forms
        case "pad": pad
        case "label": label
        case "look": look
        default: nil
        }
    }

    /// The CSS classes of the cell.
    private var look: String? {
        let names = [(isNumeric, "number"), (isID, "id"), (isMessage, "message"), (isSecondary, "secondary")]
        let classes = names.filter(\.0).map(\.1)
        return classes.isEmpty ? nil : classes.joined(separator: " ")
    }

    private var link: Link? {
        guard let href else { return nil }
        return Link(words: (text ?? "").words, href: href, isExternal: isExternal, tone: tone.isEmpty ? nil : tone)
    }

    private struct Words {
        let words: [String]
    }

    private struct Link {
        let words: [String]
        let href: String
        let isExternal: Bool
        let tone: String?
    }

    private struct Toned {
        let words: [String]
        let tone: String
    }
}

extension String {
    /// The words of a name such as `AWAITING_APPROVAL`, each with the underscore that ends it. A line may break between them.
    fileprivate var words: [String] {
        let words = split(separator: "_", omittingEmptySubsequences: false)
        return words.dropLast().map { "\($0)_" } + words.suffix(1).map { String($0) }
    }
}
