import ContractRuntime
import Foundation
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

/// The outcomes of commands that ended before their instance acknowledged them.
@Suite struct CommandOutcomeTests {
    private func cancel(_ id: UUID, in fleet: Fleet) async throws(Problem) -> Command {
        switch try await fleet.api.cancelCommand(.init(commandID: id, principal: fleet.operatorPrincipal)) {
        case .ok(let command): return command
        }
    }

    /// A command that was delivered and then canceled.
    private func canceled(in fleet: Fleet) async throws -> UUID {
        let id = try await fleet.command().commandID
        _ = try await fleet.pending()
        _ = try await cancel(id, in: fleet)
        return id
    }

    @Test func `a canceled command states immediately whether it was delivered`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let first = try await fleet.command()
            #expect(first.outcome == nil)
            #expect(try await cancel(first.commandID, in: fleet).outcome == .notDelivered)
            let second = try await fleet.command()
            #expect(try await fleet.pending().map(\.outcome) == [nil])
            #expect(try await cancel(second.commandID, in: fleet).outcome == .unknown)
            #expect(try await fleet.show(second.commandID).outcome == .unknown)
        }
    }

    @Test func `a command states whether the superseded one was delivered`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            func supersede(_ old: UUID) async throws(Problem) -> Command {
                let request = CommandRequest(
                    commandID: UUID(),
                    instanceID: "i1",
                    commandType: .stop,
                    ttlSeconds: 60,
                    supersedes: old
                )
                switch try await fleet.api.createCommand(.init(body: request, principal: fleet.operatorPrincipal)) {
                case .accepted(let command): return command
                }
            }
            let first = try await fleet.command().commandID
            let second = try await supersede(first)
            #expect(second.supersededOutcome == .notDelivered)
            _ = try await fleet.pending()
            #expect(try await supersede(second.commandID).supersededOutcome == .unknown)
            #expect(try await fleet.show(second.commandID).outcome == .unknown)
            try await fleet.acknowledge(second.commandID, .completed)
            #expect(try await fleet.show(second.commandID).outcome == .completedLate)
        }
    }

    @Test func `an expired command states whether it was delivered`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let delivered = try await fleet.command().commandID
            _ = try await fleet.pending()
            let other = try await fleet.command().commandID
            let expire = "UPDATE commands SET issued_at = '2026-01-01', expires_at = now() - interval '1 second'"
            _ = try await fleet.database.run(Query(sql: expire))
            try await fleet.api.runScheduledChecks()
            #expect(try await fleet.show(delivered).outcome == .unknown)
            #expect(try await fleet.show(other).outcome == .notDelivered)
        }
    }

    @Test(arguments: [
        ([AcknowledgementStatus.accepted], CommandOutcome.acceptedLate), ([.completed], .completedLate),
        ([.failed], .failedLate), ([.rejectedExpired], .rejectedLate), ([.accepted, .completed], .completedLate),
        ([.accepted, .failed], .failedLate), ([.completed, .accepted], .completedLate),
        ([.completed, .failed], .completedLate), ([.failed, .completed], .failedLate),
        ([.accepted, .rejectedDuplicate], .acceptedLate), ([.rejectedDuplicate, .completed], .completedLate),
        ([.rejectedExpired, .accepted], .acceptedLate),
    ])
    func `a late acknowledgement of a canceled command is its outcome`(
        said: [AcknowledgementStatus],
        outcome: CommandOutcome
    ) async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = try await canceled(in: fleet)
            var last: AcknowledgementReceipt?
            for status in said { last = try await fleet.acknowledge(id, status) }
            #expect(last?.commandStatus == .canceled)
            #expect(last?.commandOutcome == outcome)
            let command = try await fleet.show(id)
            #expect(command.status == .canceled)
            #expect(command.outcome == outcome)
            #expect(command.acknowledgements.last == last)
        }
    }

    @Test func `a late outcome is stored beyond the limit of acknowledgements`() async throws {
        var configuration = API.Configuration()
        configuration.clientLimits.acknowledgementsPerCommand = 1
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat()
            let id = try await canceled(in: fleet)
            for status in [AcknowledgementStatus.accepted, .completed] { try await fleet.acknowledge(id, status) }
            let more = await #expect(throws: Problem.self) { try await fleet.acknowledge(id, .completed) }
            #expect(more?.code == "TOO_MANY_ACKNOWLEDGEMENTS")
            #expect(try await fleet.show(id).outcome == .completedLate)
        }
    }

    @Test func `the timeline and the events contain a late outcome`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = try await canceled(in: fleet)
            for status in [AcknowledgementStatus.accepted, .accepted, .completed] {
                try await fleet.acknowledge(id, status)
            }
            #expect(
                try await fleet.show(id).timeline.map { "\($0.event) \($0.actor)" } == [
                    "CREATED admin-token-user", "DELIVERED i1", "CANCELED admin-token-user", "ACCEPTED_LATE i1",
                    "COMPLETED_LATE i1",
                ]
            )
            let told = """
                SELECT string_agg(concat_ws(' ', data ->> 'status', data ->> 'outcome'), ', ' ORDER BY event_id)
                FROM event_log WHERE kind = 'command'
                """
            #expect(
                try await fleet.text(told)
                    == "PENDING, CANCELED UNKNOWN, CANCELED ACCEPTED_LATE, CANCELED COMPLETED_LATE"
            )
        }
    }

    @Test func `the coverage of a bulk counts unknown and late outcomes`() async throws {
        try await Fleet.with { fleet in
            for number in 1...5 { try await fleet.beat("i\(number)") }
            let request = BulkCommandRequest(commandType: .flatten, target: FleetQuery(all: true), ttlSeconds: 60)
            let input = CreateCommands.Input(body: request, principal: fleet.operatorPrincipal)
            guard case .accepted(let bulk) = try await fleet.api.createCommands(input) else { throw UnexpectedOutput() }
            let ids = bulk.items.compactMap(\.commandID)
            for number in 2...5 { _ = try await fleet.pending("i\(number)") }
            for id in ids { _ = try await cancel(id, in: fleet) }
            try await fleet.acknowledge(ids[2], .accepted, by: "i3")
            try await fleet.acknowledge(ids[3], .completed, by: "i4")
            try await fleet.acknowledge(ids[4], .failed, by: "i5")
            let bulkID = try #require(bulk.bulkID)
            let asked = GetBulkCoverage.Input(bulkID: bulkID, principal: fleet.operatorPrincipal)
            guard case .ok(let coverage) = try await fleet.api.getBulkCoverage(asked) else { throw UnexpectedOutput() }
            #expect(coverage.ended == 5)
            #expect(coverage.outcomeUnknown == 2)
            #expect(coverage.completedLate == 1)
            #expect(coverage.confirmed == 0)
        }
    }

    @Test func `a stored response is one that the previous release can read`()
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let request = CommandRequest(commandID: UUID(), instanceID: "i1", commandType: .stop, ttlSeconds: 60)
            let input = CreateCommand.Input(idempotencyKey: "k", body: request, principal: fleet.operatorPrincipal)
            guard case .accepted(let first) = try await fleet.api.createCommand(input) else { throw UnexpectedOutput() }
            let members = """
                SELECT string_agg(name, ' ' ORDER BY name) FROM idempotency_keys, jsonb_object_keys(answer) AS name
                """
            #expect(
                try await fleet.text(members) == """
                    command_id command_type created_at created_by delivery_count expires_at first_delivered_at instance_id \
                    issued_at payload reason status supersedes
                    """
            )
            guard case .accepted(let again) = try await fleet.api.createCommand(input) else { throw UnexpectedOutput() }
            #expect(again == first)
        }
    }

    @Test func `commands and acknowledgements of the previous release keep their outcome and order`() async throws {
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        try await TestDatabase.empty { url in
            let migrations = Migration.all
            _ = try await Migrator(url: url, migrations: Array(migrations.prefix(35))).migrate(logger: logger)
            let database = Database(.init(url: url, connections: 1), logger: logger)
            defer { database.close() }
            let old = """
                INSERT INTO commands
                    (command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by
                """
            for sql in [
                "INSERT INTO bots (bot_id, name, strategy_name) VALUES ('b', 'b', 's')",
                "INSERT INTO instances (instance_id, bot_id) VALUES ('i', 'b')",
                """
                \(old), first_delivered_at) SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'i', 'STOP',
                    now() - n * interval '1 second', now() + interval '1 hour', '{}', status, 'x', delivered
                FROM (VALUES (1, 'CANCELED', now()), (2, 'CANCELED', now()), (3, 'EXPIRED', NULL), (4, 'COMPLETED', now()),
                    (5, 'PENDING', NULL), (6, 'PENDING', NULL)) AS row (n, status, delivered)
                """,
                """
                INSERT INTO command_acknowledgements (command_id, instance_id, status, ts, command_status)
                SELECT '00000000-0000-0000-0000-000000000002', 'i', status, now(), 'CANCELED'
                FROM unnest(ARRAY['ACCEPTED', 'COMPLETED', 'REJECTED_DUPLICATE']) AS status
                """,
            ] { _ = try await database.run(Query(sql: sql)) }
            _ = try await Migrator(url: url, migrations: migrations).migrate(logger: logger)
            // The previous release keeps running.
            let next = """
                ('00000000-0000-0000-0000-000000000007', 'i', 'STOP', now() - interval '1 day',
                now() + interval '1 hour', '{}', 'PENDING', 'x')
                """
            _ = try await database.run(Query(sql: "\(old)) VALUES \(next)"))
            let outcomes = """
                SELECT string_agg(
                    coalesce(command_outcome(status, first_delivered_at, late_outcome), '-'), ' ' ORDER BY command_id
                )
                FROM commands
                """
            #expect(
                try await database.run(Query(text: outcomes)) == "UNKNOWN COMPLETED_LATE NOT_DELIVERED - - - -"
            )
            let order = """
                SELECT string_agg(right(command_id::text, 1), ' ' ORDER BY ordinal)
                FROM commands WHERE status = 'PENDING'
                """
            #expect(try await database.run(Query(text: order)) == "6 5 7")
        }
    }
}
