import ContractCompiler
import Foundation

/// How things end: `deprecated: true`, and `x-sunset` with the date from which they may be gone (RFC 8594 has the header of that name).
struct Lifecycle {
    /// The least number of days between a deprecation and its sunset; 0 lets a deprecation have none.
    let days: Int
    /// Now.
    let now: Date

    /// The date of `x-sunset`: a full date, or a date with a time (RFC 3339).
    static func sunset(of node: Node) -> (node: Node, date: Date?)? {
        node["x-sunset"].map { node in
            let text = node.scalar?.text ?? ""
            let date = try? Date(text.count == 10 ? text + "T00:00:00Z" : text, strategy: .iso8601)
            return (node, date)
        }
    }

    /// Whether something says of itself that it stays until a day that has not come.
    func isBeforeSunset(_ nodes: [Node]) -> Bool {
        nodes.contains { Self.sunset(of: $0)?.date.map { $0 > now } ?? false }
    }

    /// What became of something that is gone.
    enum Removal {
        case withoutDeprecation, beforeSunset(Date), allowed
    }

    func removal(of node: Node) -> Removal {
        guard node["deprecated"]?.boolean == true else { return .withoutDeprecation }
        guard let date = Self.sunset(of: node)?.date, date > now else { return .allowed }
        return .beforeSunset(date)
    }

    /// What is wrong with how a deprecation changed, as the end of an id and a message.
    func faults(_ old: Node, _ new: Node) -> [(suffix: String, message: String, node: Node)] {
        guard new["deprecated"]?.boolean == true else { return [] }
        let before = Self.sunset(of: old)
        guard let after = Self.sunset(of: new) else {
            if let before { return [("sunset-deleted", "the sunset was \(before.node.scalar?.text ?? "")", new)] }
            let isNew = old["deprecated"]?.boolean != true
            return days > 0 && isNew ? [("deprecated-sunset-missing", "a deprecation needs 'x-sunset'", new)] : []
        }
        guard let date = after.date else {
            return [
                (
                    "deprecated-sunset-parse", "'\(after.node.scalar?.text ?? "")' is no date, expected YYYY-MM-DD",
                    after.node
                )
            ]
        }
        let first = now.addingTimeInterval(Double(days) * 86_400)
        guard date < first else { return [] }
        if let earlier = before?.date {
            return date < earlier
                ? [
                    (
                        "sunset-date-changed-too-small",
                        "the sunset moved to \(Self.day(date)), less than \(days) days ahead", after.node
                    )
                ] : []
        }
        return old["deprecated"]?.boolean == true && before == nil || days > 0 || date < now
            ? [("sunset-date-too-small", "the sunset is \(Self.day(date)), less than \(days) days ahead", after.node)]
            : []
    }

    static func day(_ date: Date) -> String { String(date.ISO8601Format().prefix(10)) }
}
