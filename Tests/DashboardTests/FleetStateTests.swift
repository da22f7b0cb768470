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
    private func alert(_ severity: Severity, _ message: String, occurrences: Int = 1) -> Alert {
        Alert(
            alertID: UUID(),
            source: "heartbeat",
            severity: severity,
            status: .open,
            targetType: "instance",
            targetID: "i1",
            message: message,
            metadata: .empty,
            occurrences: occurrences,
            firstAt: Timestamp.now.adding(seconds: -7_200),
            lastAt: .now,
            ackedAt: nil,
            ackedBy: nil,
            resolvedAt: nil,
            resolvedBy: nil,
            lastNotifiedAt: nil,
            silencedUntil: nil
        )
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
            [alert(.warning, "slow"), alert(.info, "note"), alert(.critical, "lost", occurrences: 3)],
            [command()],
            fleet([(.safeMode, .live, 54), (.flattened, .paper, 1)], expired: 1, delayed: 3),
            failed(10_000, isExact: false)
        )
        #expect(
            items.map(\.text) == [
                "lost", "FLATTEN on i1 awaits approval", "3 notifications are delayed",
                "more than 10\u{202F}000 notifications could not be delivered",
                "1 command expired in the last 24 hours",
                "54 instances are in SAFE_MODE", "1 instance is in FLATTENED", "slow",
            ]
        )
        #expect(
            items.map(\.note) == [
                "open for 2 h 0 m · 3 occurrences", "requested by ann: end of day",
                "the target rejects them or does not respond", nil, "not acknowledged in time", "of 55 instances",
                "of 55 instances", "open for 2 h 0 m",
            ]
        )
    }

    @Test func `at most ten conditions are listed`() {
        let none = fleet([])
        let warnings = (0..<8).map { alert(.warning, "w\($0)") }
        let items = Attention.items(warnings + (0..<4).map { alert(.critical, "c\($0)") }, [], none, failed(0))
        #expect(items.map(\.text) == ["c0", "c1", "c2", "c3", "w0", "w1", "w2", "w3", "w4", "w5"])
        #expect(Attention.items([], [], none, failed(0)).isEmpty)
    }
}
