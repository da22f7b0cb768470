import ContractRuntime
import Generated

// How pages show the values of the contract.

extension Instance {
    /// The status, in which a running instance whose heartbeat is overdue is LATE.
    var displayStatus: Cell.Status { Cell.Status(status, isLate: isLate) }

    /// The name of the strategy; nil until the instance reports it.
    var strategy: String? { strategyName == "unknown" ? nil : strategyName }

    /// The name and the version of the strategy; nil until the instance reports one of them.
    var strategyWithVersion: String? {
        let words = [strategy, strategyVersion.map { "version \($0)" }].compactMap(\.self)
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    var page: String { "/bots/\(PercentEncoding.encode(botID))/\(PercentEncoding.encode(instanceID))" }

    /// The deviation below which a clock is shown as right, in seconds.
    private static let negligibleLag = 1.0

    /// The deviation of its clock; nil until it is measured.
    var clock: String? {
        clockLagSeconds.map { lag in
            if abs(lag) < Self.negligibleLag { return "In sync" }
            return "\(Figures.decimal(abs(lag), 1)) s \(lag > 0 ? "behind" : "ahead")"
        }
    }
}

extension CommandTarget {
    /// The status, in which a running instance whose heartbeat is overdue is LATE.
    var displayStatus: Cell.Status { Cell.Status(status, isLate: isLate) }
}

extension AccessToken {
    /// Whether the token is accepted.
    var isActive: Bool { revokedAt == nil && expiresAt.map { $0 >= .now } ?? true }

    /// The state as a word.
    var state: Cell {
        if isActive { return .text("Active", tone: "good-text") }
        return .text(revokedAt == nil ? "Expired" : "Revoked")
    }
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

extension CommandDetail {
    /// A warning to show before the command is repeated; nil if the instance cannot have executed it.
    var repetitionWarning: String? {
        guard let outcome, outcome.mayHaveActed else { return nil }
        let words = outcome.description(after: status)
        return "\(commandID.text) was \(words). Check positions and orders before you repeat it."
    }
}

extension CommandOutcome {
    /// A description of the outcome of a command that ended with this status.
    func description(after status: CommandStatus) -> String {
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
    /// The status of a command, with its outcome where the status alone is ambiguous.
    static func commandStatus(_ status: CommandStatus, _ outcome: CommandOutcome?) -> Cell {
        let tone = outcome?.mayHaveActed == true ? "bad-text" : status.tone
        return .text(status.rawValue, note: outcome?.description(after: status), tone: tone)
    }

    static func status(_ status: Cell.Status) -> Cell { Cell(status: status) }

    static func amount(_ value: Decimal?, signed: Bool = false) -> Cell {
        guard let value else { return .unknownNumber }
        return .number(Figures.amount(value, signed: signed), tone: Figures.tone(value))
    }

    static func count(_ value: Int, tone: String = "") -> Cell {
        .number(Figures.count(value), tone: value > 0 ? tone : "")
    }

    /// The time since `time`.
    static func age(_ time: Timestamp?) -> Cell {
        guard let time else { return .unknownNumber }
        var cell = Cell.time(Moment(ago: time))
        cell.isNumeric = true
        return cell
    }
}

extension Table {
    /// Copies the properties of each column to its cells: narrow screens show cells without the header row.
    func labelled() -> Table {
        var table = self
        table.rows = rows.map { row in
            let cells = zip(row.cells, columns).map { cell, column in
                var cell = cell
                cell.label = column.title
                cell.isSecondary = column.isSecondary
                return cell
            }
            return Row(key: row.key, selection: row.selection, href: row.href, cells: cells)
        }
        return table
    }
}

extension Table.Pages {
    /// The position in the list, with links to the previous and next page that keep the filters; nil for an empty list.
    ///
    /// - Parameter parameter: The query parameter with the number of the page; a page with several lists has one for each.
    init?(
        _ base: String,
        _ query: Fields,
        page: Int,
        size: Int,
        total: Int,
        csv: String? = nil,
        parameter: String = "page"
    ) {
        if total == 0 { return nil }
        let first = min(page.subtractingSaturated(1).multipliedSaturated(by: size).addingSaturated(1), total)
        let last = min(page.multipliedSaturated(by: size), total)
        text = "\(Figures.count(first))–\(Figures.count(last)) of \(Figures.count(total))"
        // From a page beyond the end, the link leads back to the last page.
        let before = min(page.subtractingSaturated(1), total / max(size, 1) + 1)
        previous = page > 1 ? base + "?" + query.with(parameter, "\(before)").text : nil
        next = last < total ? base + "?" + query.with(parameter, "\(page.addingSaturated(1))").text : nil
        self.csv = csv
    }

    /// The same for a list whose items are counted only up to a limit.
    init?(
        _ base: String,
        _ query: Fields,
        _ list: some CountLimitedPage,
        csv: String? = nil,
        parameter: String = "page"
    ) {
        if list.totalIsExact {
            self.init(
                base,
                query,
                page: list.page,
                size: list.pageSize,
                total: list.total,
                csv: csv,
                parameter: parameter
            )
            return
        }
        let first = list.page.subtractingSaturated(1).multipliedSaturated(by: list.pageSize).addingSaturated(1)
        let last = list.page.multipliedSaturated(by: list.pageSize)
        let (before, after) = (list.page.subtractingSaturated(1), list.page.addingSaturated(1))
        self.init(
            text: "\(Figures.count(first))–\(Figures.count(last)) of \(list.totalText)",
            previous: list.page > 1 ? base + "?" + query.with(parameter, "\(before)").text : nil,
            next: list.nextCursor == nil ? nil : base + "?" + query.with(parameter, "\(after)").text,
            csv: csv
        )
    }
}

/// A page of an unbounded list, whose items are counted only up to a limit.
protocol CountLimitedPage {
    var page: Int { get }
    var pageSize: Int { get }
    var total: Int { get }
    var totalIsExact: Bool { get }
    var nextCursor: String? { get }
}

extension CountLimitedPage {
    /// The number of items, or its lower bound.
    var totalText: String { (totalIsExact ? "" : "more than ") + Figures.count(total) }
}

extension AlertPage: CountLimitedPage {}
extension AuditPage: CountLimitedPage {}
extension CommandPage: CountLimitedPage {}
extension CostPage: CountLimitedPage {}
extension ExecutionSamplePage: CountLimitedPage {}
extension ModuleRunPage: CountLimitedPage {}
extension NotificationPage: CountLimitedPage {}
extension ReconcilePage: CountLimitedPage {}

/// JSON for people to read, with one line per member.
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
