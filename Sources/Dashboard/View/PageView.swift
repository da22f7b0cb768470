import ContractRuntime
import Generated
import Mustache

/// A page as data: title, tabs and blocks from top to bottom. The templates define its appearance.
struct PageView {
    let title: String
    var note: String?
    var tabs: [Tab] = []
    /// The views of the current tab.
    var views: [Tab] = []
    var blocks: [Block] = []
    /// The fleet, if the page has read it.
    var fleet: Fleet?

    struct Tab {
        let text: String
        let href: String
        var isCurrent = false
    }
}

/// A section of a page, usually with a heading.
struct Block {
    /// Identifies the block on its page, for live updates.
    let id: String
    var title: String?
    /// CSS classes for width and appearance: `half`, `wide`, `narrow`, `plain`, `danger`, `banner`.
    var shape = ""
    /// When the data was read.
    var asOf: Moment?
    var note: String?
    /// A link to related data.
    var more: Link?
    /// Links to other views of the same data, such as time ranges.
    var choices: [PageView.Tab] = []
    var content: Content

    init(
        _ id: String,
        _ title: String? = nil,
        shape: String = "",
        asOf: Timestamp? = nil,
        note: String? = nil,
        more: Link? = nil,
        choices: [PageView.Tab] = [],
        _ content: Content
    ) {
        self.id = id
        self.title = title
        self.shape = shape
        self.asOf = asOf.map { Moment($0) }
        self.note = note
        self.more = more
        self.choices = choices
        self.content = content
    }

    /// The content of a block. Each case has its own template.
    enum Content {
        case figures([Figure])
        case items([Item], empty: String)
        case table(Table)
        case chart(Chart)
        case facts([Fact])
        case form(Form)
        case forms([Form])
        case text(String)
        case code(String)
        case fleetMap([FleetMapRow])
        case confirmation(ConfirmationCard)
        case chips([Chip])
    }

    /// A short state with a link to its details.
    struct Chip {
        let icon: StatusIcon
        let text: String
        var note: String?
        let href: String
    }

    struct Link {
        let text: String
        let href: String
        /// Whether it leads to another site, which must not learn the page's address.
        var isExternal = false
    }

    /// A large number with a label.
    struct Figure {
        let label: String
        let value: String
        var note: String?
        var href: String?
        var tone = ""
        /// Whether the value needs a smaller font.
        let isLong: Bool

        init(_ label: String, _ value: String, note: String? = nil, href: String? = nil, tone: String = "") {
            self.label = label
            self.value = value
            self.note = note
            self.href = href
            self.tone = tone
            isLong = value.count > 9
        }
    }

    /// An entry of a list that needs attention.
    struct Item {
        let icon: StatusIcon
        let text: String
        var href: String?
        var note: String?
        var time: Moment?
        var forms: [Form] = []
        /// Whether an operator has acknowledged it.
        var isHandled = false
    }

    /// A name and its value.
    struct Fact {
        let name: String
        let value: Cell

        init(_ name: String, _ value: Cell) {
            self.name = name
            self.value = value
        }
    }

    /// The instances of one exchange: one cell per instance, or the number of instances by status.
    struct FleetMapRow {
        let name: String
        let cells: [FleetMapCell]
        var counts: [Cell] = []
    }

    struct FleetMapCell {
        let href: String
        let label: String
        let status: String
    }
}

extension Block: MustacheParent {
    func child(named name: String) -> Any? {
        switch (name, content) {
        case ("id", _): id
        case ("shape", _): shape
        case ("stamp", _): title == nil ? asOf : nil
        case ("header", _): title.map { Header(title: $0, block: self) }
        case ("figures", .figures(let figures)): MemberList(figures)
        case ("items", .items(let items, let empty)): Items(items: items, empty: empty)
        case ("table", .table(let table)): table
        case ("chart", .chart(let chart)): chart
        case ("facts", .facts(let facts)): MemberList(facts)
        case ("form", .form(let form)): form
        case ("forms", .forms(let forms)): MemberList(forms)
        case ("text", .text(let text)): text
        case ("code", .code(let code)): code
        case ("fleetMap", .fleetMap(let rows)): MemberList(rows)
        case ("confirmation", .confirmation(let card)): card
        case ("chips", .chips(let chips)): MemberList(chips)
        default: nil
        }
    }

    private struct Header {
        let id: String
        let title: String
        let note: String?
        let asOf: Moment?
        let more: Link?
        let choices: [PageView.Tab]
        let hasChoices: Bool

        init(title: String, block: Block) {
            self.title = title
            id = block.id
            note = block.note
            asOf = block.asOf
            more = block.more
            choices = block.choices
            hasChoices = !choices.isEmpty
        }
    }

    /// A list in a containing element.
    private struct MemberList<Member> {
        let members: [Member]

        init(_ members: [Member]) { self.members = members }
    }

    private struct Items {
        let items: [Item]
        let empty: String
    }
}

/// A severity as a shape and a word, so that colour is never the only signal.
struct StatusIcon {
    let shape: String
    let tone: String
    let word: String

    static let critical = StatusIcon(shape: "■", tone: "bad-text", word: "critical")
    static let warning = StatusIcon(shape: "▲", tone: "warn-text", word: "warning")
    static let approval = StatusIcon(shape: "◆", tone: "halt-text", word: "approval")
    static let drift = StatusIcon(shape: "≠", tone: "warn-text", word: "strategy drift")
    static let good = StatusIcon(shape: "✓", tone: "good-text", word: "good")
    static let unknown = StatusIcon(shape: "?", tone: "", word: "unknown")
    static let info = StatusIcon(shape: "●", tone: "", word: "info")
}

extension PageView.Tab {
    /// Links to the views of a tab of an instance.
    static func all<View: CaseIterable & RawRepresentable<String>>(
        _ type: View.Type,
        current: View,
        _ path: String,
        _ tab: BotTab
    ) -> [PageView.Tab] {
        type.allCases.map { view in
            PageView.Tab(
                text: view.rawValue.prefix(1).uppercased() + view.rawValue.dropFirst(),
                href: "\(path)?tab=\(tab.rawValue)&view=\(view.rawValue)",
                isCurrent: view.rawValue == current.rawValue
            )
        }
    }
}
