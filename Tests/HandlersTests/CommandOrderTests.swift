import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Commands reach an instance in the order in which they were created, regardless of the clocks of servers and clients.
@Suite struct CommandOrderTests {
    private let alice = Principal(name: "alice")
    private let bob = Principal(name: "bob")

    @discardableResult
    private func give(
        _ type: CommandType,
        issuedAt: Timestamp? = nil,
        reason: String? = nil,
        payload: JSONObject = .empty,
        to fleet: Fleet
    ) async throws(Problem) -> Command {
        let request = CommandRequest(
            commandID: UUID(),
            instanceID: "i1",
            commandType: type,
            issuedAt: issuedAt,
            payload: payload,
            ttlSeconds: 60,
            reason: reason
        )
        switch try await fleet.api.createCommand(.init(body: request, principal: alice)) {
        case .accepted(let command): return command
        }
    }

    private func giveAll(_ type: CommandType, to fleet: Fleet) async throws(Problem) {
        let request = BulkCommandRequest(commandType: type, target: FleetQuery(all: true), ttlSeconds: 60)
        _ = try await fleet.api.createCommands(.init(body: request, principal: alice))
    }

    @Test func `a time from the client does not change the order`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await give(.start, issuedAt: .now.adding(seconds: 40), to: fleet)
            try await give(.stop, issuedAt: .now, to: fleet)
            try await giveAll(.safeMode, to: fleet)
            try await give(.syncBalance, issuedAt: .now.adding(seconds: -40), to: fleet)
            #expect(try await fleet.pending().map(\.commandType) == [.start, .stop, .safeMode, .syncBalance])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `the server that commits first has created the first command`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await fleet.another { other in
                // The slow command is stored, and committed only when this lock is released.
                for sql in [
                    """
                    CREATE FUNCTION wait_if_slow() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        IF NEW.reason = 'slow' THEN PERFORM pg_advisory_xact_lock(15); END IF;
                        RETURN NULL;
                    END
                    $$
                    """, "CREATE TRIGGER wait AFTER INSERT ON commands FOR EACH ROW EXECUTE FUNCTION wait_if_slow()",
                ] { _ = try await fleet.database.run(Query(sql: sql)) }
                let mayCommit = DispatchSemaphore(value: 0)
                defer { mayCommit.signal() }
                async let held: Void = fleet.database.transaction(within: .seconds(60)) { transaction in
                    _ = try transaction.run(Query(sql: "SELECT pg_advisory_xact_lock(15)"))
                    mayCommit.wait()
                }
                let locks = """
                    SELECT count(*)::text FROM pg_locks
                    WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    """
                while try await fleet.text("\(locks) AND locktype = 'advisory' AND granted") == "0" {}
                let first = Task { try await give(.start, reason: "slow", to: fleet) }
                while try await fleet.text("\(locks) AND locktype = 'advisory' AND NOT granted") == "0" {}
                let isDone = AsyncStream<Void>.makeStream()
                let second = Task {
                    defer { isDone.continuation.finish() }
                    return try await give(.stop, to: other)
                }
                // The second command is created, or waits for the first.
                let waiting = """
                    SELECT count(*)::text FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'
                    """
                let isWaiting = Task {
                    while try await fleet.text(waiting) != "2", !Task.isCancelled {}
                    isDone.continuation.finish()
                }
                for await _ in isDone.stream {}
                isWaiting.cancel()
                let early = try await fleet.pending().map(\.commandType)
                mayCommit.signal()
                try await held
                _ = try await (first.value, second.value)
                #expect(early == [])
                #expect(try await fleet.pending().map(\.commandType) == [.start, .stop])
            }
        }
    }

    @Test func `an approved command is ordered by its approval`() async throws {
        var configuration = API.Configuration()
        configuration.needsApproval = true
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat()
            let live = try #require(JSONObject(#"{"mode":"LIVE"}"#))
            let asked = try await give(.setMode, payload: live, to: fleet)
            try await give(.stop, to: fleet)
            let decision = ApproveCommand.Input(commandID: asked.commandID, body: CommandDecision(), principal: bob)
            _ = try await fleet.api.approveCommand(decision)
            #expect(try await fleet.pending().map(\.commandType) == [.stop, .setMode])
        }
    }

    @Test func `concurrent commands to the same instances wait for each other only briefly`() async throws {
        try await Fleet.with { fleet in
            for number in 0..<20 { try await fleet.beat("i\(number)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask { try await giveAll(.safeMode, to: fleet) }
                    group.addTask { try await give(.stop, to: fleet) }
                    group.addTask { try await fleet.beat("i1", version: "\(number)") }
                }
                try await group.waitForAll()
            }
            #expect(try await fleet.pending("i1").count == 40)
            let deadlocks = "SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()"
            #expect(try await fleet.text(deadlocks) == "0")
        }
    }
}
