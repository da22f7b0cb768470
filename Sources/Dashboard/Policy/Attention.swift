import ContractRuntime
import Generated

/// The list "Needs attention" of the start page.
enum Attention {
    /// The maximum number of items.
    private static let limit = 12
    /// The number of alerts of one kind from which they are one item.
    private static let grouped = 4

    /// The conditions that need an operator, most severe first: critical alerts, commands that await approval, notifications that do not
    /// arrive, expired commands, instances that do not trade, warnings. Acknowledged alerts come last.
    ///
    /// - Parameter isOperator: Whether the principal may acknowledge and silence alerts.
    static func items(
        _ groups: [AlertGroup],
        _ approvals: [Command],
        _ fleet: Fleet,
        _ failed: NotificationPage,
        isOperator: Bool
    ) -> [Block.Item] {
        func alerts(_ isIncluded: (AlertGroup) -> Bool) -> [Block.Item] {
            groups.filter(isIncluded).flatMap { items($0, isOperator: isOperator) }
        }
        let critical = alerts { $0.status == .open && $0.severity == .critical }
        let warnings = alerts { $0.status == .open && $0.severity == .warning }
        let acknowledged = alerts { $0.status == .acked }
        let others =
            delayed(fleet.notifications.delayed) + undelivered(failed) + expired(fleet.commands.expired) + halted(fleet)
        return Array((critical + approvals.map(item) + others + warnings + acknowledged).prefix(limit))
    }

    /// One item, or one for each alert if there are few.
    private static func items(_ group: AlertGroup, isOperator: Bool) -> [Block.Item] {
        guard group.alerts < grouped, group.alerts == group.newest.count else {
            let query = Fields(of: [("status", group.status.rawValue), ("source", group.source)])
            return [
                Block.Item(
                    icon: StatusIcon(group.severity),
                    text: AlertSource.text(group.source, alerts: group.alerts),
                    href: "/alerts?\(query.text)",
                    note: group.newest.first.map { "newest: \($0.message)" },
                    time: Moment(group.newestAt),
                    isHandled: group.status == .acked
                )
            ]
        }
        return group.newest.map { item($0, isOperator: isOperator) }
    }

    private static func item(_ alert: Alert, isOperator: Bool) -> Block.Item {
        let age = "open for \(Figures.duration(seconds: alert.firstAt.seconds(until: .now)))"
        let count = alert.occurrences > 1 ? "\(Figures.count(alert.occurrences)) occurrences" : nil
        let owner = alert.ackedBy.map { "acknowledged by \($0)" }
        let silenced = alert.silencedUntil.map { $0 > .now } ?? false
        let path = "/alerts/\(alert.alertID.text)"
        let forms: [Form] = (alert.status == .open ? [.acknowledge(path)] : []) + (silenced ? [] : [.silence(path)])
        return Block.Item(
            icon: StatusIcon(alert.severity),
            text: alert.message,
            href: path,
            note: [owner, age, count, silenced ? "silenced" : nil].compactMap(\.self).joined(separator: " · "),
            time: Moment(alert.firstAt),
            forms: isOperator ? forms : [],
            isHandled: alert.status == .acked
        )
    }

    private static func item(_ command: Command) -> Block.Item {
        Block.Item(
            icon: .approval,
            text: "\(command.commandType.rawValue) on \(command.instanceID) awaits approval",
            href: "/approvals",
            note: "requested by \(command.createdBy)" + (command.reason.map { ": \($0)" } ?? ""),
            time: Moment(command.createdAt)
        )
    }

    private static func expired(_ count: Int) -> [Block.Item] {
        if count == 0 { return [] }
        return [
            Block.Item(
                icon: .warning,
                text: "\(Figures.count(count)) \(count == 1 ? "command" : "commands") expired in the last 24 hours",
                href: "/commands?status=EXPIRED",
                note: "not acknowledged in time"
            )
        ]
    }

    private static func delayed(_ count: Int) -> [Block.Item] {
        if count == 0 { return [] }
        return [
            Block.Item(
                icon: .critical,
                text: "\(Figures.count(count)) \(count == 1 ? "notification is" : "notifications are") delayed",
                href: "/settings?tab=notifications",
                note: "the target rejects them or does not respond"
            )
        ]
    }

    /// Instances that a command or their own safety stopped, by status.
    private static func halted(_ fleet: Fleet) -> [Block.Item] {
        InstanceStatus.allCases.filter(\.isHalted).compactMap { status in
            let count = fleet.count(status)
            if count == 0 { return nil }
            return Block.Item(
                icon: .info,
                text: "\(Figures.count(count)) \(count == 1 ? "instance is" : "instances are") in \(status.rawValue)",
                href: "/bots?status=\(status.rawValue)",
                note: "of \(Figures.count(fleet.total)) instances"
            )
        }
    }

    private static func undelivered(_ failed: NotificationPage) -> [Block.Item] {
        if failed.total == 0 { return [] }
        return [
            Block.Item(
                icon: .warning,
                text: "\(failed.totalText) notifications could not be delivered",
                href: "/settings?tab=notifications",
                note: failed.items.first?.lastError
            )
        ]
    }
}

extension Form {
    /// Acknowledges the alert at `path`, and leads back to the start page.
    fileprivate static func acknowledge(_ path: String) -> Form {
        Form(
            action: "\(path)/ack",
            shape: "inline",
            hidden: [.toStartPage],
            buttons: [Button("Acknowledge", look: "small")]
        )
    }

    /// Silences the alert at `path` for an hour, and leads back to the start page. The page of the alert has other durations.
    fileprivate static func silence(_ path: String) -> Form {
        Form(
            action: "\(path)/silence",
            shape: "inline",
            hidden: [.toStartPage],
            buttons: [Button("Silence 1 h", name: "seconds", value: "3600", look: "small")]
        )
    }

    /// The durations for which an alert can be silenced, in seconds.
    static var silences: [(String, String)] {
        [("900", "15 min"), ("3600", "1 h"), ("86400", "1 day"), ("604800", "7 days")]
    }
}

extension Form.Hidden {
    /// Makes the form lead back to the start page.
    fileprivate static var toStartPage: Form.Hidden { Form.Hidden(name: "return", value: "/dashboard") }
}
