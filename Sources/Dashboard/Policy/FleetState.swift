import Generated

extension InstanceStatus {
    /// Whether a command has stopped the instance's trading.
    var isHalted: Bool { self == .safeMode || self == .flattened }
}

extension Fleet {
    /// The number of instances in the groups that satisfy a condition.
    func count(where isCounted: (FleetGroupsItem) -> Bool) -> Int {
        groups.filter(isCounted).reduce(0) { $0 + $1.instances }
    }

    func count(_ status: InstanceStatus) -> Int { count { $0.status == status } }

    var live: Int { count { $0.runtimeMode == .live } }

    var halted: Int { count { $0.status.isHalted } }

    /// Running instances whose heartbeat is overdue.
    var late: Int { groups.filter { $0.status == .running }.reduce(0) { $0 + $1.late } }
}

extension FleetAlerts {
    var open: Int { critical + warning + info }

    /// The open alerts that the navigation counts.
    var urgent: Int { critical + warning }
}

extension Shell.State {
    /// The most severe condition wins. A critical alert stays critical while someone works on it. HALTED is shown only if nothing else is.
    init(_ fleet: Fleet?, _ availability: APIAvailability) {
        if case .out = availability {
            self.init(kind: "critical", shape: "■", text: "CRITICAL · API not responding", mark: "(!) ")
            return
        }
        guard let fleet else {
            self.init(kind: "stale", shape: "○", text: "UNKNOWN · database unavailable", mark: "(?) ")
            return
        }
        let (critical, warning, halted) = (fleet.alerts.critical, fleet.alerts.warning, fleet.halted)
        if critical > 0 {
            self.init(kind: "critical", shape: "■", text: "CRITICAL · \(critical) open", mark: "(\(critical)!) ")
        } else if fleet.alerts.acknowledgedCritical > 0 {
            let text = "CRITICAL · \(fleet.alerts.acknowledgedCritical) acknowledged"
            self.init(kind: "critical", shape: "■", text: text)
        } else if warning > 0 {
            self.init(kind: "attention", shape: "▲", text: "ATTENTION · \(warning) open", mark: "(\(warning)) ")
        } else if fleet.notifications.delayed > 0 {
            self.init(kind: "attention", shape: "▲", text: "ATTENTION · notifications delayed")
        } else if halted > 0, halted == fleet.total {
            self.init(kind: "halted", shape: "☐", text: "HALTED · all \(halted) instances", mark: "(H) ")
        } else {
            self.init(kind: "normal", shape: "●", text: "NORMAL")
        }
    }
}
