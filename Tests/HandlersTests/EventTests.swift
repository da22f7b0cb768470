import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Changes are sent in commit order, to each watcher from its last event on.
@Suite struct EventTests {
    /// Opens a stream.
    private func watch(after id: String? = nil, in fleet: Fleet) async throws -> ServerEvents<FleetEvent> {
        switch try await fleet.api.watchEvents(.init(lastEventID: id, principal: fleet.operatorPrincipal)) {
        case .ok(let events): return events
        }
    }

    /// The next `count` events that describe a change.
    private func take(_ count: Int, after id: String? = nil, in fleet: Fleet) async throws -> [ServerEvent<FleetEvent>]
    {
        try await take(count, of: watch(after: id, in: fleet))
    }

    private func take(_ count: Int, of events: ServerEvents<FleetEvent>) async throws -> [ServerEvent<FleetEvent>] {
        var taken: [ServerEvent<FleetEvent>] = []
        for try await event in events where event.event != "tick" {
            taken.append(event)
            if taken.count == count { break }
        }
        return taken
    }

    /// The keys of the next events.
    private func keys(_ count: Int, of events: ServerEvents<FleetEvent>) async throws -> [String] {
        try await take(count, of: events).map { "\($0.data.kind) \($0.data.key)" }
    }

    private func with(_ body: (Fleet) async throws -> Void) async throws {
        try await Fleet.with { fleet in
            let feed = Task { await fleet.api.publishEvents() }
            defer { feed.cancel() }
            try await body(fleet)
        }
    }

    @Test func `a watcher receives committed changes, and a returning one the missed changes`() async throws {
        try await with { fleet in
            async let watched = take(3, in: fleet)
            try await Task.sleep(for: .milliseconds(300))
            try await fleet.beat()
            let id = try await fleet.command().commandID
            try await fleet.acknowledge(id, .completed)
            let events = try await watched
            #expect(events.map(\.event) == ["instance", "command", "command"])
            #expect(events.map(\.data.key) == ["i1", id.text, id.text])
            #expect(events[0].data.data.description == #"{"bot_id": "b1"}"#)
            #expect(events[2].data.data.description.contains(#""status": "COMPLETED""#))
            // From each event on, the remaining ones again.
            for index in events.indices.dropLast() {
                let rest = try await take(2 - index, after: events[index].id, in: fleet)
                #expect(rest.map(\.id) == events[(index + 1)...].map(\.id))
            }
        }
    }

    @Test func `an event does not overtake one of an older transaction that commits later`() async throws {
        try await with { fleet in
            let (mayEnd, hasBegun) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let start = try await take(1, after: "0-0", in: fleet, while: { try await fleet.beat("i0") })
            let old = Task {
                try await fleet.database.transaction { transaction in
                    _ = try transaction.run(
                        Query(sql: "INSERT INTO bots (bot_id, name, strategy_name) VALUES ('x', 'x', 'x')")
                    )
                    _ = try transaction.run(
                        Query(sql: "INSERT INTO instances (instance_id, bot_id) VALUES ('old', 'x')")
                    )
                    hasBegun.signal()
                    mayEnd.wait()
                }
            }
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    hasBegun.wait()
                    continuation.resume()
                }
            }
            try await fleet.beat("new")
            async let both = take(2, after: start.first?.id, in: fleet)
            // The newer one is committed, but not sent yet.
            try await Task.sleep(for: .milliseconds(700))
            mayEnd.signal()
            try await old.value
            #expect(try await both.map(\.data.key) == ["old", "new"])
        }
    }

    private func take(
        _ count: Int,
        after id: String,
        in fleet: Fleet,
        while action: () async throws -> Void
    ) async throws -> [ServerEvent<FleetEvent>] {
        try await action()
        return try await take(count, after: id, in: fleet)
    }

    @Test func `a watcher that missed removed events gets a reset`() async throws {
        try await with { fleet in
            try await fleet.beat("i1")
            let first = try #require(try await take(1, after: "0-0", in: fleet).first?.id)
            _ = try await fleet.database.run(Query(sql: "UPDATE event_log SET at = at - interval '2 h'"))
            try await fleet.api.runScheduledChecks()
            try await fleet.beat("i2")
            // A watcher with the last removed event misses nothing.
            #expect(try await take(1, after: first, in: fleet).map(\.data.key) == ["i2"])
            let late = try await watch(after: "0-0", in: fleet)
            try await fleet.beat("i3")
            #expect(try await keys(2, of: late) == ["reset ", "instance i3"])
        }
    }

    @Test func `many watchers receive the same events under load`() async throws {
        try await with { fleet in
            let all = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<5 {
                    group.addTask { try await take(200, after: "0-0", in: fleet).compactMap(\.id) }
                }
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0..<50 { try await fleet.beat("w\(writer)-\(number)", bot: "b\(writer)") }
                        return []
                    }
                }
                return try await group.reduce(into: [[String]]()) { $0.append($1) }
            }
            let watched = all.filter { !$0.isEmpty }
            #expect(watched.count == 5)
            #expect(Set(watched).count == 1)
            #expect(Set(watched[0]).count == 200)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a watcher with an id from the future gets a reset, and the others receive every event`() async throws {
        try await with { fleet in
            let future = try await watch(after: "99999999999-1", in: fleet)
            let other = try await watch(in: fleet)
            try await fleet.beat("i1")
            #expect(try await take(1, of: other).map(\.data.key) == ["i1"])
            #expect(try await keys(2, of: future) == ["reset ", "instance i1"])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `an id that this database never issued gets a reset`() async throws {
        try await with { fleet in
            try await fleet.beat("i1")
            let first = try #require(try await take(1, after: "0-0", in: fleet).first?.id)
            let watched = try await watch(after: first + "7", in: fleet)
            try await fleet.beat("i2")
            #expect(try await keys(2, of: watched) == ["reset ", "instance i2"])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a watcher that is ahead of this server receives nothing twice`() async throws {
        try await Fleet.with { fleet in
            // Nothing is sent yet: another server has sent this client the event of i1.
            let first = try await watch(in: fleet)
            try await fleet.beat("i1")
            let isTold = "SELECT (max(xid) < pg_snapshot_xmin(pg_current_snapshot()))::text FROM event_log"
            while try await fleet.text(isTold) != "true" { try await Task.sleep(for: .milliseconds(20)) }
            let id = try await fleet.text("SELECT xid::text || '-' || event_id FROM event_log")
            let second = try await watch(after: id, in: fleet)
            try await fleet.beat("i2")
            let feed = Task { await fleet.api.publishEvents() }
            defer { feed.cancel() }
            #expect(try await take(2, of: first).map(\.data.key) == ["i1", "i2"])
            #expect(try await take(1, of: second).map(\.data.key) == ["i2"])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a database with lower transaction numbers, as after a restore, stops no events`() async throws {
        try await Fleet.with { fleet in
            // Before the restore, the numbers are higher by the value in this table.
            for sql in [
                "CREATE SCHEMA history", "CREATE TABLE history.lead AS SELECT 1000000 AS transactions",
                """
                CREATE FUNCTION history.pg_snapshot_xmin(snapshot pg_snapshot) RETURNS xid8 LANGUAGE sql AS $$
                    SELECT (pg_catalog.pg_snapshot_xmin(snapshot)::text::int8 + transactions)::text::xid8 FROM history.lead
                $$
                """,
                """
                DO $$ BEGIN
                    EXECUTE format('ALTER DATABASE %I SET search_path = history, public, pg_catalog', current_database());
                END $$
                """,
            ] { _ = try await fleet.database.run(Query(sql: sql)) }
            try await fleet.another { fleet in
                let watched = try await watch(in: fleet)
                let feed = Task { await fleet.api.publishEvents() }
                defer { feed.cancel() }
                _ = try await fleet.database.run(Query(sql: "UPDATE history.lead SET transactions = 0"))
                #expect(try await take(1, of: watched).map(\.event) == ["reset"])
                let again = try await watch(in: fleet)
                try await fleet.beat("i1")
                #expect(try await take(1, of: watched).map(\.data.key) == ["i1"])
                #expect(try await take(1, of: again).map(\.data.key) == ["i1"])
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `metrics contain the age of the transaction that holds back events`() async throws {
        try await Fleet.with { fleet in
            let name = "flotilla_transaction_horizon_age_seconds "
            func age() async throws -> Double {
                switch try await fleet.api.getMetrics(.init()) {
                case .ok(let text):
                    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name) })
                    return try #require(Double(line.dropFirst(name.count)))
                }
            }
            let mayEnd = DispatchSemaphore(value: 0)
            async let old: Void = fleet.database.transaction(within: .seconds(60)) { transaction in
                _ = try transaction.run(Query(sql: "SELECT pg_current_xact_id()"))
                mayEnd.wait()
            }
            defer { mayEnd.signal() }
            while try await age() < 0.5 { try await Task.sleep(for: .milliseconds(20)) }
            mayEnd.signal()
            try await old
        }
    }
}
