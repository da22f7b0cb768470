import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// What changes, told in the order of the commits, to whoever watches from wherever he left off.
@Suite struct EventTests {
    /// The next events that tell of something, `count` of them.
    private func take(_ count: Int, after id: String? = nil, in fleet: Fleet) async throws -> [ServerEvent<FleetEvent>]
    {
        guard
            case .ok(let events) = try await fleet.api.watchEvents(
                .init(lastEventID: id, principal: fleet.operatorPrincipal)
            )
        else { return [] }
        var taken: [ServerEvent<FleetEvent>] = []
        for try await event in events where event.event != "tick" {
            taken.append(event)
            if taken.count == count { break }
        }
        return taken
    }

    private func with(_ body: (Fleet) async throws -> Void) async throws {
        try await Fleet.with { fleet in
            let feed = Task { await fleet.api.tellOfEvents() }
            defer { feed.cancel() }
            try await body(fleet)
        }
    }

    @Test func `whoever watches hears of what is committed, and whoever comes back of what he missed`() async throws {
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
            // From each of them on, the rest again.
            for index in events.indices.dropLast() {
                let rest = try await take(2 - index, after: events[index].id, in: fleet)
                #expect(rest.map(\.id) == events[(index + 1)...].map(\.id))
            }
        }
    }

    @Test func `an event is not overtaken by one of an older transaction that commits later`() async throws {
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
            // The newer one is committed, and not told yet.
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

    @Test func `whoever was away for too long is told to begin anew`() async throws {
        try await with { fleet in
            try await fleet.beat("i1")
            let first = try #require(try await take(1, after: "0-0", in: fleet).first?.id)
            _ = try await fleet.database.run(Query(sql: "UPDATE event_log SET at = at - interval '2 h'"))
            try await fleet.api.runScheduledChecks()
            try await fleet.beat("i2")
            // He knows the last one that was forgotten, and misses nothing.
            #expect(try await take(1, after: first, in: fleet).map(\.data.key) == ["i2"])
            let late = try await take(2, after: "0-0", in: fleet)
            #expect(late.map(\.event) == ["reset", "instance"])
        }
    }

    @Test func `many who watch hear the same, while much happens`() async throws {
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
}
