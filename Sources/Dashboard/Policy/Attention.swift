import ContractRuntime
import Generated

/// The list "Needs attention" of the start page.
enum Attention {
    /// The maximum number of items.
    private static let limit = 10

    /// The conditions that need an operator, most severe first: critical alerts, commands that await approval, notifications that do not
    /// arrive, expired commands, instances that do not trade, warnings.
    static func items(_ alerts: [Alert], _ approvals: [Command], _ fleet: Fleet, _ failed: NotificationPage) -> [Block
        .Item]
    {
        let items = alerts.filter { $0.severity == .critical }.map(item) + approvals.map(item)
        let others =
            delayed(fleet.notifications.delayed) + undelivered(failed) + expired(fleet.commands.expired) + halted(fleet)
        return Array((items + others + alerts.filter { $0.severity == .warning }.map(item)).prefix(limit))
    }

    private static func item(_ alert: Alert) -> Block.Item {
        Block.Item(
            icon: StatusIcon(alert.severity),
            text: alert.message,
            href: "/alerts/\(alert.alertID.text)",
            note: "open for \(Figures.duration(seconds: alert.firstAt.seconds(until: .now)))"
                + (alert.occurrences > 1 ? " · \(alert.occurrences) occurrences" : ""),
            time: Moment(alert.firstAt)
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
