import ContractRuntime
import Generated

// How the contract's words look on a page.

extension Instance {
    /// Its status, with what silence makes of a running one.
    var displayStatus: Cell.Status { Cell.Status(status, isLate: isLate) }

    /// What it runs; nil until somebody says.
    var strategy: String? { strategyName == "unknown" ? nil : strategyName }

    var page: String { "/bots/\(Fields.encoded(botID))/\(Fields.encoded(instanceID))" }
}

extension Cell.Status {
    init(_ status: InstanceStatus, isLate: Bool) {
        switch status {
        case .running where isLate: self.init(text: "LATE", kind: "late")
        case .running: self.init(text: "UP", kind: "up")
        default:
            let name = status.rawValue
            self.init(text: name.split(separator: "_").joined(separator: " "), kind: name.lowercased())
        }
    }
}

extension Sign {
    init(_ severity: Severity) {
        switch severity {
        case .critical: self = .critical
        case .warning: self = .warning
        default: self = .note
        }
    }
}

extension CommandStatus {
    /// How a status looks: what failed is red, what waits is amber, what is done is green.
    var tone: String {
        switch self {
        case .completed: "good-text"
        case .failed, .rejectedExpired, .rejectedDuplicate, .expired: "bad-text"
        case .awaitingApproval: "halt-text"
        case .pending, .accepted: "warn-text"
        default: ""
        }
    }

    /// Whether an instance may still carry it out.
    var isOpen: Bool { self == .awaitingApproval || self == .pending || self == .accepted }
}

extension CommandDetail {
    /// What to look at before the command is given again; nil where nothing speaks against it.
    var repetitionWarning: String? {
        guard let outcome, outcome.mayHaveActed else { return nil }
        let words = outcome.words(after: status)
        return "\(commandID.text) was \(words). Look at positions and orders before you repeat it."
    }
}

extension CommandOutcome {
    /// Whether the instance may have carried the command out, so that a repeated one would do it twice.
    var mayHaveActed: Bool {
        switch self {
        case .unknown, .acceptedLate, .completedLate, .failedLate: true
        case .notDelivered, .rejectedLate: false
        }
    }

    /// What became of a command that ended with a status, in words.
    func words(after status: CommandStatus) -> String {
        let end = status == .expired ? "it had expired" : "it was \(status.rawValue.lowercased())"
        switch self {
        case .notDelivered: return "\(status.rawValue.lowercased()) before delivery"
        case .unknown: return "\(status.rawValue.lowercased()) after delivery: outcome unknown"
        case .acceptedLate: return "accepted after \(end): outcome unknown"
        case .completedLate: return "completed after \(end)"
        case .failedLate: return "failed after \(end)"
        case .rejectedLate: return "rejected after \(end)"
        }
    }
}

extension Cell {
    /// A command's status, and what became of it where that does not say so.
    static func standing(_ status: CommandStatus, _ outcome: CommandOutcome?) -> Cell {
        let tone = outcome?.mayHaveActed == true ? "bad-text" : status.tone
        return .text(status.rawValue, note: outcome?.words(after: status), tone: tone)
    }

    static func status(_ status: Cell.Status) -> Cell { Cell(status: status) }

    static func amount(_ value: Decimal?, signed: Bool = false) -> Cell {
        guard let value else { return Cell(text: "—", isNumeric: true) }
        return .number(Figures.amount(value, signed: signed), tone: Figures.tone(value))
    }

    /// A count that is worth a look only when it is not nothing.
    static func some(_ value: Int) -> Cell { value == 0 ? Cell() : count(value) }

    static func count(_ value: Int, tone: String = "") -> Cell {
        .number(Figures.count(value), tone: value > 0 ? tone : "")
    }

    /// How long ago it was.
    static func age(_ time: Timestamp?) -> Cell {
        guard let time else { return Cell(text: "—", isNumeric: true) }
        var cell = Cell.time(Moment(ago: time))
        cell.isNumeric = true
        return cell
    }
}

extension Table {
    /// Writes each column's title into its cells, which stand alone on a phone.
    func labelled() -> Table {
        var table = self
        table.rows = rows.map { row in
            let cells = zip(row.cells, columns).map { cell, column in
                var cell = cell
                cell.label = column.title
                return cell
            }
            return Row(key: row.key, choice: row.choice, href: row.href, cells: cells)
        }
        return table
    }
}

extension Table.Pages {
    /// The page and its neighbours, as links that keep the filters; nil where there is nothing to page through.
    init?(_ base: String, _ query: Fields, page: Int, size: Int, total: Int, csv: String? = nil) {
        if total == 0 { return nil }
        let first = min(page.subtractingSaturated(1).multipliedSaturated(by: size).addingSaturated(1), total)
        let last = min(page.multipliedSaturated(by: size), total)
        text = "\(Figures.count(first))–\(Figures.count(last)) of \(Figures.count(total))"
        // A page behind the last one leads back to that.
        let before = min(page.subtractingSaturated(1), total / max(size, 1) + 1)
        previous = page > 1 ? base + "?" + query.with("page", "\(before)").text : nil
        next = last < total ? base + "?" + query.with("page", "\(page.addingSaturated(1))").text : nil
        self.csv = csv
    }

    /// The same for a list that may have more items than are counted.
    init?(_ base: String, _ query: Fields, _ list: some LongPage, csv: String? = nil) {
        if list.totalIsExact {
            self.init(base, query, page: list.page, size: list.pageSize, total: list.total, csv: csv)
            return
        }
        let first = list.page.subtractingSaturated(1).multipliedSaturated(by: list.pageSize).addingSaturated(1)
        let last = list.page.multipliedSaturated(by: list.pageSize)
        let (before, after) = (list.page.subtractingSaturated(1), list.page.addingSaturated(1))
        self.init(
            text: "\(Figures.count(first))–\(Figures.count(last)) of \(list.totalText)",
            previous: list.page > 1 ? base + "?" + query.with("page", "\(before)").text : nil,
            next: list.nextCursor == nil ? nil : base + "?" + query.with("page", "\(after)").text,
            csv: csv
        )
    }
}

/// A page of a list that grows for ever, so its items are counted only up to a limit.
protocol LongPage {
    var page: Int { get }
    var pageSize: Int { get }
    var total: Int { get }
    var totalIsExact: Bool { get }
    var nextCursor: String? { get }
}

extension LongPage {
    /// How many items there are.
    var totalText: String { (totalIsExact ? "" : "more than ") + Figures.count(total) }
}

extension AlertPage: LongPage {}
extension AuditPage: LongPage {}
extension CommandPage: LongPage {}
extension CostPage: LongPage {}
extension ExecutionSamplePage: LongPage {}
extension ModuleRunPage: LongPage {}
extension NotificationPage: LongPage {}
extension ReconcilePage: LongPage {}

/// JSON with a line for each member, to be read by people.
enum PrettyJSON {
    static func text(_ object: JSONObject) -> String {
        guard let value = JSONValue(object.description) else { return "" }
        return text(value, "")
    }

    private static func text(_ value: JSONValue, _ indent: String) -> String {
        let inner = indent + "  "
        switch value {
        case .object(let members) where !members.isEmpty:
            let lines = members.map { "\(inner)\(JSONValue.string($0.name)): \(text($0.value, inner))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        case .array(let items) where !items.isEmpty:
            return "[\n" + items.map { inner + text($0, inner) }.joined(separator: ",\n") + "\n\(indent)]"
        default:
            return String(decoding: JSONWriter.write(value, direction: .response), as: UTF8.self)
        }
    }
}
