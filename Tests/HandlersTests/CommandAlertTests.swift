import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Commands that do not finish, and critical ones that are not executed, raise alerts.
@Suite struct CommandAlertTests {
    private func alerts(in fleet: Fleet) async throws(Problem) -> [Alert] {
        switch try await fleet.api.listAlerts(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let page): return page.items.filter { $0.source.hasPrefix("command_") }
        }
    }

    private func check(in fleet: Fleet) async throws -> [Alert] {
        try await fleet.api.runScheduledChecks()
        return try await alerts(in: fleet)
    }

    /// Sends a command to the whole fleet.
    private func giveAll(_ type: CommandType, to fleet: Fleet) async throws -> BulkCommands {
        let request = BulkCommandRequest(commandType: type, target: FleetQuery(all: true), ttlSeconds: 60)
        switch try await fleet.api.createCommands(.init(body: request, principal: fleet.operatorPrincipal)) {
        case .ok(let bulk), .accepted(let bulk): return bulk
        }
    }

    private let late = Query(sql: "UPDATE unfinished_commands SET accepted_at = now() - interval '301 seconds'")

    @Test(arguments: [(CommandType.syncBalance, Severity.warning), (.flatten, .critical)])
    func `an accepted command that does not finish has an alert until it does`(
        type: CommandType,
        severity: Severity
    )
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = try await fleet.command(UUID(), type).commandID
            try await fleet.acknowledge(id, .accepted)
            #expect(try await check(in: fleet) == [])
            _ = try await fleet.database.run(late)
            let alert = try #require(try await check(in: fleet).first)
            #expect(alert.source == "command_unfinished")
            #expect(alert.severity == severity)
            #expect([alert.targetType, alert.targetID] == ["command", id.text])
            #expect(alert.message == "\(type.rawValue) on i1 was accepted and has not finished")
            let told = "SELECT title || ': ' || message FROM notifications"
            #expect(try await fleet.text(told) == "Command Unfinished: \(alert.message)")
            #expect(try await fleet.audit().first?.action == "COMMAND_UNFINISHED_ALERT")
            #expect(try await check(in: fleet).map(\.occurrences) == [1])
            try await fleet.acknowledge(id, .completed)
            #expect(try await check(in: fleet).map(\.status) == [.resolved])
        }
    }

    @Test func `the entries and deliveries of one instance and one alert are found`() async throws {
        try await Fleet.with { fleet in
            for (instance, bot) in [("i1", "b1"), ("i2", "i1")] { try await fleet.beat(instance, bot: bot) }
            for instance in ["i1", "i2"] {
                let id = try await fleet.command(UUID(), .flatten, to: instance).commandID
                try await fleet.acknowledge(id, .accepted, by: instance)
            }
            _ = try await fleet.database.run(late)
            let alerts = try await check(in: fleet)
            #expect(alerts.count == 2)
            for alert in alerts {
                _ = try await fleet.api.acknowledgeAlert(
                    .init(alertID: alert.alertID, principal: fleet.operatorPrincipal)
                )
                let delivery = """
                    INSERT INTO notification_deliveries (notification_id, target)
                    SELECT notification_id, 'webhook for ' || message
                    FROM notifications
                    WHERE alert_id = '\(alert.alertID.text)'
                    """
                #expect(try await fleet.database.run(Query(sql: delivery)) == 1)
                let list = ListNotifications.Input(alertID: alert.alertID, principal: fleet.operatorPrincipal)
                let page = try await fleet.api.listNotifications(list).body
                #expect(page.items.map(\.target) == ["webhook for \(alert.message)"])
                #expect(page.total == 1)
            }
            let list = ListAuditLogs.Input(instanceID: "i1", principal: fleet.operatorPrincipal)
            let page = try await fleet.api.listAuditLogs(list).body
            let actions = ["ALERT_ACK", "COMMAND_UNFINISHED_ALERT", "COMMAND_ACK", "COMMAND_CREATE"]
            #expect(page.items.map(\.action) == actions)
            #expect(page.total == 4)
            let all = try await fleet.audit()
            #expect(all.count == 8)
        }
    }

    @Test func `a resolved alert does not come back`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = try await fleet.command().commandID
            try await fleet.acknowledge(id, .accepted)
            _ = try await fleet.database.run(late)
            let alert = try #require(try await check(in: fleet).first)
            _ = try await fleet.api.resolveAlert(.init(alertID: alert.alertID, principal: fleet.operatorPrincipal))
            #expect(try await check(in: fleet).map(\.status) == [.resolved])
        }
    }

    @Test(arguments: [
        (AcknowledgementStatus.failed, "failed"), (.rejectedExpired, "was rejected"),
        (.rejectedDuplicate, "was rejected"),
    ])
    func `a critical command that is not executed raises an alert`(answer: AcknowledgementStatus, words: String)
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = try await fleet.command(UUID(), .flatten).commandID
            try await fleet.acknowledge(try await fleet.command(UUID(), .syncBalance).commandID, answer)
            try await fleet.acknowledge(id, answer)
            let found = try await check(in: fleet)
            #expect(found.map(\.message) == ["FLATTEN on i1 \(words)"])
            #expect(found.map(\.severity) == [.critical])
            #expect(found.map(\.targetID) == [id.text])
            #expect(try await fleet.audit().first?.action == "COMMAND_FAILED_ALERT")
            #expect(try await check(in: fleet).map(\.status) == [.open])
        }
    }

    @Test func `a critical command that expires raises an alert, which states whether it was delivered`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            for id in ["i1", "i2"] { try await fleet.command(UUID(), .stop, to: id) }
            _ = try await fleet.pending("i2")
            let expire = "UPDATE commands SET issued_at = '2026-01-01', expires_at = now() - interval '1 second'"
            _ = try await fleet.database.run(Query(sql: expire))
            #expect(
                try await check(in: fleet).map(\.message).sorted() == [
                    "STOP on i1 expired before delivery", "STOP on i2 expired after delivery: outcome unknown",
                ]
            )
        }
    }

    @Test func `2,500 unfinished and failed commands of a bulk raise two alerts`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let fill = """
                WITH instance AS (
                    INSERT INTO instances (instance_id, bot_id) SELECT 'x' || n, 'b1' FROM generate_series(1, 4999) AS n
                    RETURNING instance_id
                )
                INSERT INTO instance_live
                    (instance_id, runtime_mode, exchange, symbol, version, metadata, last_seen, last_received_at)
                SELECT instance_id, 'LIVE', 'x', 's', '1', '{}', now(), now() FROM instance
                """
            _ = try await fleet.database.run(Query(sql: fill))
            let bulk = try await giveAll(.flatten, to: fleet)
            #expect(bulk.total == 5_000)
            _ = try await fleet.database.run(Query(sql: "UPDATE commands SET status = 'ACCEPTED'"))
            let fail = """
                UPDATE commands SET status = 'FAILED'
                WHERE command_id IN (SELECT command_id FROM commands ORDER BY command_id LIMIT 2500)
                """
            _ = try await fleet.database.run(Query(sql: fail))
            _ = try await fleet.database.run(late)
            let found = try await check(in: fleet).sorted { $0.source < $1.source }
            #expect(
                found.map(\.message) == [
                    "FLATTEN: 2500 of 5000 commands failed, were rejected or have expired",
                    "FLATTEN: 2500 of 5000 commands were accepted and have not finished",
                ]
            )
            #expect(found.map(\.occurrences) == [2_500, 2_500])
            #expect(found.map(\.targetType) == ["command_bulk", "command_bulk"])
            #expect(found.map(\.targetID) == [bulk.bulkID?.text, bulk.bulkID?.text])
            #expect(try await fleet.text("SELECT count(*)::text FROM notifications") == "2")
            // One more fails, and all others finish.
            let one = """
                UPDATE commands
                SET status = CASE command_id
                    WHEN (SELECT command_id FROM commands WHERE status = 'ACCEPTED' LIMIT 1) THEN 'FAILED'
                    ELSE 'COMPLETED'
                END
                WHERE status = 'ACCEPTED'
                """
            _ = try await fleet.database.run(Query(sql: one))
            let again = try await check(in: fleet).sorted { $0.source < $1.source }
            #expect(again.map(\.status) == [.open, .resolved])
            #expect(again.first?.message == "FLATTEN: 2501 of 5000 commands failed, were rejected or have expired")
            #expect(again.first?.occurrences == 2_501)
            #expect(try await fleet.text("SELECT count(*)::text FROM notifications") == "2")
        }
    }
}
