import ContractCompiler
import Foundation

/// Checks deprecations: `deprecated: true`, with `x-sunset` for the date of removal (RFC 8594 defines the Sunset header).
struct Lifecycle {
    /// The minimum number of days between a deprecation and its sunset. With 0, a deprecation needs no sunset.
    let days: Int
    /// The current time.
    let now: Date

    /// The date of `x-sunset`: a full date, or a date with a time (RFC 3339).
    static func sunset(of node: Node) -> (node: Node, date: Date?)? {
        node["x-sunset"].map { node in
            let text = node.scalar?.text ?? ""
            let date = try? Date(text.count == 10 ? text + "T00:00:00Z" : text, strategy: .iso8601)
            return (node, date)
        }
    }

    /// Whether the node has a sunset in the future.
    func isBeforeSunset(_ nodes: [Node]) -> Bool {
        nodes.contains { Self.sunset(of: $0)?.date.map { $0 > now } ?? false }
    }

    /// How a removal relates to its deprecation.
    enum Removal {
        case withoutDeprecation, beforeSunset(Date), allowed
    }

    func removal(of node: Node) -> Removal {
        guard node["deprecated"]?.boolean == true else { return .withoutDeprecation }
        guard let date = Self.sunset(of: node)?.date, date > now else { return .allowed }
        return .beforeSunset(date)
    }

    /// The errors in a changed deprecation: the end of the finding's code, a message, and a node.
    func faults(_ old: Node, _ new: Node) -> [(suffix: String, message: String, node: Node)] {
        guard new["deprecated"]?.boolean == true else { return [] }
        let before = Self.sunset(of: old)
        guard let after = Self.sunset(of: new) else {
            if let before {
                return [("sunset-deleted", "'x-sunset' (\(before.node.scalar?.text ?? "")) was removed", new)]
            }
            let isNew = old["deprecated"]?.boolean != true
            return days > 0 && isNew ? [("deprecated-sunset-missing", "the deprecation has no 'x-sunset'", new)] : []
        }
        guard let date = after.date else {
            return [
                (
                    "deprecated-sunset-parse", "'\(after.node.scalar?.text ?? "")' is not a date, expected YYYY-MM-DD",
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
                        "the sunset was moved forward to \(Self.day(date)), less than \(days) days ahead", after.node
                    )
                ] : []
        }
        return old["deprecated"]?.boolean == true && before == nil || days > 0 || date < now
            ? [("sunset-date-too-small", "the sunset is \(Self.day(date)), less than \(days) days ahead", after.node)]
            : []
    }

    static func day(_ date: Date) -> String { String(date.ISO8601Format().prefix(10)) }
}
