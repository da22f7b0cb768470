import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Finished records are removed after their retention period, and nothing else.
@Suite struct RetentionTests {
    /// Moves all times of the matching rows of a table back by the given number of days.
    private func age(_ table: String, _ columns: [String], days: Int, where condition: String, in fleet: Fleet)
        async throws
    {
        let changes = columns.map { "\($0) = \($0) - interval '\(days) days'" }.joined(separator: ", ")
        _ = try await fleet.database.run(Query(sql: "UPDATE \(table) SET \(changes) WHERE \(condition)"))
    }

    @Test func `final commands are removed with their acknowledgements, pending ones are kept`() async throws {
        var configuration = API.Configuration()
        configuration.historyDays.commands = 30
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat()
            let (done, young, open, superseded) = (
                try await fleet.command().commandID, try await fleet.command().commandID,
                try await fleet.command().commandID, try await fleet.command().commandID
            )
            try await fleet.acknowledge(done, .completed)
            try await fleet.acknowledge(young, .completed)
            try await fleet.acknowledge(open, .accepted)
            var request = CommandRequest(
                commandID: UUID(),
                instanceID: "i1",
                commandType: .safeMode,
                issuedAt: .now,
                expiresAt: .now.adding(seconds: 60)
            )
            request.supersedes = superseded
            _ = try await fleet.api.createCommand(.init(body: request, principal: fleet.operatorPrincipal))
            try await age(
                "commands",
                ["issued_at", "expires_at", "created_at"],
                days: 31,
                where: "command_id <> '\(young.text)' AND supersedes IS NULL",
                in: fleet
            )
            try await fleet.api.maintain()
            let left = "SELECT string_agg(status, ' ' ORDER BY status) FROM commands"
            #expect(try await fleet.text(left) == "ACCEPTED COMPLETED PENDING SUPERSEDED")
            let stray = """
                SELECT count(*)::text
                FROM (
                    SELECT command_id FROM command_events UNION ALL SELECT command_id FROM command_acknowledgements
                ) AS said
                WHERE command_id NOT IN (SELECT command_id FROM commands)
                """
            #expect(try await fleet.text(stray) == "0")
        }
    }

    @Test func `resolved alerts are removed after their notifications, unresolved ones are kept`() async throws {
        var configuration = API.Configuration()
        (configuration.historyDays.alerts, configuration.historyDays.notifications) = (30, 60)
        try await Fleet.with(configuration) { fleet in
            let rows = """
                WITH alert AS (
                    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata, status, first_at, resolved_at)
                    SELECT
                        'test', 'WARNING', 'x', target, 'm', '{}', CASE resolved WHEN 0 THEN 'OPEN' ELSE 'RESOLVED' END,
                        now() - raised * interval '1 day', now() - nullif(resolved, 0) * interval '1 day'
                    FROM (VALUES ('open', 90, 0), ('young', 90, 29), ('old', 90, 31), ('told', 90, 31)) AS row (target, raised, resolved)
                    RETURNING alert_id, target_id
                )
                INSERT INTO notifications (severity, title, message, alert_id, is_routed, created_at)
                SELECT 'WARNING', 't', 'm', alert_id, true, now() - interval '59 days'
                FROM alert
                WHERE target_id = 'told'
                """
            try await fleet.database.transaction { transaction in
                _ = try transaction.run(Query(sql: "SET LOCAL session_replication_role = replica"))
                _ = try transaction.run(Query(sql: rows))
            }
            let left = "SELECT string_agg(target_id, ' ' ORDER BY target_id) FROM alerts WHERE source = 'test'"
            try await fleet.api.maintain()
            #expect(try await fleet.text(left) == "open told young")
            try await age("notifications", ["created_at"], days: 2, where: "true", in: fleet)
            try await fleet.api.maintain()
            #expect(try await fleet.text(left) == "open young")
        }
    }

    @Test func `comparisons are removed by creation time and runs by end time`() async throws {
        var configuration = API.Configuration()
        (configuration.historyDays.reconcileResults, configuration.historyDays.moduleRuns) = (10, 20)
        try await Fleet.with(configuration) { fleet in
            let rows = [
                """
                INSERT INTO reconcile_results
                    (instance_id, exchange_equity, internal_equity, difference, status, reported_status, is_difference_wrong, ts,
                        received_at, is_audited)
                SELECT
                    name, 1, 1, 0, 'OK', 'OK', false, now() - made * interval '1 day', now() - received * interval '1 day', true
                FROM (VALUES ('old', 11, 11), ('late', 11, 1), ('young', 9, 9)) AS row (name, made, received)
                """,
                """
                INSERT INTO modules
                    (module_id, name, enabled, execution_mode, config, created_at, updated_at, client_created_at, client_updated_at)
                VALUES ('00000000-0000-0000-0000-000000000001', 'm', true, 'MANUAL', '{}', now(), now(), now(), now())
                """,
                """
                INSERT INTO module_runs (run_id, module_id, trigger_type, status, started_at, ended_at, summary)
                SELECT
                    gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'MANUAL', status, now() - interval '90 days',
                    now() - ended * interval '1 day', name
                FROM (VALUES ('old', 'SUCCESS', 21), ('young', 'FAILED', 19), ('running', 'RUNNING', NULL)) AS row (name, status, ended)
                """,
            ]
            for statement in rows { _ = try await fleet.database.run(Query(sql: statement)) }
            try await fleet.api.maintain()
            #expect(
                try await fleet.text("SELECT string_agg(instance_id, ' ' ORDER BY instance_id) FROM reconcile_results")
                    == "late young"
            )
            #expect(
                try await fleet.text("SELECT string_agg(summary, ' ' ORDER BY summary) FROM module_runs")
                    == "running young"
            )
        }
    }
}
