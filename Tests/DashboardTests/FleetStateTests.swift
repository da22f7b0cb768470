import ContractRuntime
import FoundationEssentials
import Generated
import Testing

@testable import Dashboard

/// A fleet with these instances and counts.
private func fleet(
    _ groups: [(InstanceStatus, RuntimeMode, Int)],
    critical: Int = 0,
    warning: Int = 0,
    late: Int = 0,
    acknowledged: Int = 0,
    expired: Int = 0,
    delayed: Int = 0
) -> Fleet {
    Fleet(
        generatedAt: Timestamp(microsecondsSinceEpoch: 0),
        staleAfterSeconds: 90,
        total: groups.reduce(0) { $0 + $1.2 },
        groups: groups.map { status, mode, count in
            let late = status == .running ? late : count
            return FleetGroupsItem(
                exchange: "kraken",
                runtimeMode: mode,
                status: status,
                instances: count,
                late: late
            )
        },
        cells: nil,
        alerts: FleetAlerts(
            critical: critical,
            warning: warning,
            info: 4,
            acknowledged: acknowledged,
            acknowledgedCritical: acknowledged
        ),
        commands: FleetCommands(awaitingApproval: 0, waiting: 0, expired: expired),
        stuckRuns: 0,
        notifications: FleetNotifications(delayed: delayed)
    )
}

@Suite struct FleetStateTests {
    @Test func `instances are counted by status and mode`() {
        let fleet = fleet(
            [(.running, .live, 5), (.lost, .live, 2), (.safeMode, .paper, 3), (.flattened, .live, 1)],
            late: 2
        )
        #expect(fleet.live == 8)
        #expect(fleet.count(.lost) == 2)
        #expect(fleet.halted == 4)
        #expect(fleet.late == 2)
    }

    @Test func `the most severe condition is the state of the fleet`() {
        let halted: [(InstanceStatus, RuntimeMode, Int)] = [(.safeMode, .live, 2), (.flattened, .live, 1)]
        func state(_ fleet: Fleet?, _ availability: APIAvailability = .available) -> String {
            let state = Shell.State(fleet, availability)
            return "\(state.mark)\(state.text)"
        }
        let time = Timestamp(microsecondsSinceEpoch: 0)
        #expect(state(fleet(halted, critical: 3), .out(since: time)) == "(!) CRITICAL · API not responding")
        #expect(state(nil) == "(?) UNKNOWN · database unavailable")
        #expect(state(fleet(halted, critical: 3, warning: 5)) == "(3!) CRITICAL · 3 open")
        #expect(state(fleet(halted, warning: 5)) == "(5) ATTENTION · 5 open")
        #expect(state(fleet(halted, warning: 5, acknowledged: 2)) == "CRITICAL · 2 acknowledged")
        #expect(state(fleet(halted, critical: 1, acknowledged: 2)) == "(1!) CRITICAL · 1 open")
        #expect(state(fleet(halted, delayed: 2)) == "ATTENTION · notifications delayed")
        #expect(state(fleet(halted)) == "(H) HALTED · all 3 instances")
        #expect(state(fleet(halted + [(.running, .paper, 1)])) == "NORMAL")
        #expect(state(fleet([])) == "NORMAL")
        // An instance that only reduces its positions still trades.
        #expect(state(fleet(halted + [(.reduceOnly, .live, 1)])) == "NORMAL")
    }

    @Test func `every status has its own name, mark and colour`() {
        let marks = InstanceStatus.allCases.map { Cell.Status($0, isLate: false) }
        #expect(
            marks.map(\.text) == [
                "UP", "DEGRADED", "REDUCE ONLY", "UNRESPONSIVE", "SAFE MODE", "FLATTENED", "STOPPED", "LOST",
            ]
        )
        #expect(
            marks.map(\.kind) == [
                "up", "degraded", "reduce_only", "unresponsive", "safe_mode", "flattened", "stopped", "lost",
            ]
        )
    }

    @Test func `alerts are counted and coloured by severity`() {
        #expect(fleet([], critical: 1, warning: 2).alerts.open == 7)
        #expect(fleet([], critical: 1, warning: 2).alerts.urgent == 3)
        #expect(fleet([], critical: 1, warning: 2).alerts.tone == "bad-text")
        #expect(fleet([], warning: 2).alerts.tone == "warn-text")
        #expect(fleet([]).alerts.tone == "")
    }

    @Test func `an outage of the API is on every page, and its end for a minute`() throws {
        let start = try #require(Timestamp("2026-03-01T09:30:00Z"))
        let end = try #require(Timestamp("2026-03-01T09:31:05Z"))
        #expect(APIAvailability.available.banner() == nil)
        let out = try #require(APIAvailability.out(since: start).banner())
        #expect(out.text.hasPrefix("The API has not responded since 09:30:00 UTC. Bots cannot report"))
        #expect(out.role == "alert")
        let recovered = APIAvailability.recovered(from: start, to: end)
        let text = "The API did not respond from 09:30:00 to 09:31:05 UTC. It is responding again."
        #expect(recovered.banner(now: end.adding(seconds: 59))?.text == text)
        #expect(recovered.banner(now: end.adding(seconds: 60)) == nil)
    }
}

@Suite struct AttentionTests {
    private func alert(
        _ severity: Severity,
        _ message: String,
        _ status: AlertStatus = .open,
        source: String = "heartbeat_monitor",
        occurrences: Int = 1
    ) -> Alert {
        Alert(
            alertID: UUID(),
            source: source,
            severity: severity,
            status: status,
            targetType: "instance",
            targetID: "i1",
            message: message,
            metadata: .empty,
            occurrences: occurrences,
            firstAt: Timestamp.now.adding(seconds: -7_200),
            lastAt: .now,
            ackedAt: nil,
            ackedBy: status == .acked ? "ben" : nil,
            resolvedAt: nil,
            resolvedBy: nil,
            lastNotifiedAt: nil,
            silencedUntil: nil
        )
    }

    /// A group of the alerts and of `others`, which the API does not list.
    private func group(_ alerts: Alert..., others: Int = 0) -> AlertGroup {
        AlertGroup(
            source: alerts[0].source,
            severity: alerts[0].severity,
            status: alerts[0].status,
            alerts: alerts.count + others,
            newestAt: alerts[0].firstAt,
            newest: alerts
        )
    }

    private func items(_ groups: [AlertGroup], isOperator: Bool = true) -> [Block.Item] {
        Attention.items(groups, [], fleet([]), failed(0), isOperator: isOperator)
    }

    private func command() -> Command {
        Command(
            commandID: UUID(),
            instanceID: "i1",
            commandType: .flatten,
            issuedAt: .now,
            expiresAt: .now,
            payload: .empty,
            status: .awaitingApproval,
            createdBy: "ann",
            createdAt: .now,
            reason: "end of day",
            supersedes: nil,
            firstDeliveredAt: nil,
            deliveryCount: 0
        )
    }

    private func failed(_ total: Int, isExact: Bool = true) -> NotificationPage {
        NotificationPage(page: 1, pageSize: 1, total: total, totalIsExact: isExact, items: [])
    }

    @Test func `the most severe conditions come first`() {
        let items = Attention.items(
            [
                group(alert(.critical, "lost", occurrences: 3)), group(alert(.critical, "known", .acked)),
                group(alert(.warning, "slow")), group(alert(.info, "note")),
            ],
            [command()],
            fleet([(.safeMode, .live, 54), (.flattened, .paper, 1)], expired: 1, delayed: 3),
            failed(10_000, isExact: false),
            isOperator: true
        )
        #expect(
            items.map(\.text) == [
                "lost", "FLATTEN on i1 awaits approval", "3 notifications are delayed",
                "more than 10\u{202F}000 notifications could not be delivered",
                "1 command expired in the last 24 hours",
                "54 instances are in SAFE_MODE", "1 instance is in FLATTENED", "slow", "known",
            ]
        )
        #expect(
            items.map(\.note) == [
                "open for 2 h 0 m · 3 occurrences", "requested by ann: end of day",
                "the target rejects them or does not respond", nil, "not acknowledged in time", "of 55 instances",
                "of 55 instances", "open for 2 h 0 m", "acknowledged by ben · open for 2 h 0 m",
            ]
        )
        #expect(items.map(\.isHandled) == [false, false, false, false, false, false, false, false, true])
    }

    @Test func `four alerts of a kind are one item`() {
        let three = items([group(alert(.warning, "a"), alert(.warning, "b"), alert(.warning, "c"))])
        #expect(three.map(\.text) == ["a", "b", "c"])
        let mismatch = alert(.warning, "Mismatch for i9", source: "reconcile")
        let nine = items([group(mismatch, mismatch, mismatch, others: 6)])
        #expect(nine.map(\.text) == ["9 reconciliation mismatches"])
        #expect(nine.map(\.note) == ["newest: Mismatch for i9"])
        #expect(nine.map(\.href) == ["/alerts?status=OPEN&source=reconcile"])
        let new = alert(.critical, "x", source: "later")
        #expect(items([group(new, others: 3)]).map(\.text) == ["4 alerts of later"])
    }

    @Test func `only an operator acknowledges and silences`() {
        let open = alert(.critical, "lost")
        let path = "/alerts/\(open.alertID.text)"
        #expect(items([group(open)])[0].forms.map(\.action) == ["\(path)/ack", "\(path)/silence"])
        #expect(items([group(open)], isOperator: false)[0].forms.isEmpty)
        let known = alert(.critical, "lost", .acked)
        #expect(items([group(known)])[0].forms.map(\.action) == ["/alerts/\(known.alertID.text)/silence"])
    }

    @Test func `at most twelve conditions are listed`() {
        let warnings = (0..<8).map { group(alert(.warning, "w\($0)", source: "\($0)")) }
        let listed = items((0..<6).map { group(alert(.critical, "c\($0)", source: "\($0)")) } + warnings)
        #expect(
            listed.map(\.text) == ["c0", "c1", "c2", "c3", "c4", "c5", "w0", "w1", "w2", "w3", "w4", "w5"]
        )
        #expect(items([]).isEmpty)
    }
}
