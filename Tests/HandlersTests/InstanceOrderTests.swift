import ContractRuntime
import Generated
import Handlers
import TestSupport
import Testing

/// The orders of the list of instances.
@Suite struct InstanceOrderTests {
    private func ids(_ sort: ListInstancesSort, _ order: ListInstancesOrder = .asc, in fleet: Fleet)
        async throws -> [String]
    {
        let input = ListInstances.Input(sort: sort, order: order, principal: fleet.operatorPrincipal)
        return try await fleet.api.listInstances(input).body.items.map(\.instanceID)
    }

    @Test func `names are ordered in both directions, and missing ones are last`() async throws {
        try await Fleet.with { fleet in
            for (id, mode, version) in [("i1", RuntimeMode.paper, "2"), ("i2", .live, "3"), ("i3", .paper, "1")] {
                try await fleet.beat(id, bot: "b\(id)", mode: mode, version: version)
            }
            _ = try await fleet.text(
                """
                WITH stored AS (
                    INSERT INTO instance_profiles (instance_id, software, symbols, sent_at) VALUES ('i3', 'freqtrade', '{}', now())
                    ON CONFLICT (instance_id) DO UPDATE SET software = excluded.software
                )
                SELECT ''
                """
            )
            #expect(try await ids(.version, in: fleet) == ["i3", "i1", "i2"])
            #expect(try await ids(.version, .desc, in: fleet) == ["i2", "i1", "i3"])
            #expect(try await ids(.mode, in: fleet) == ["i2", "i1", "i3"])
            #expect(try await ids(.mode, .desc, in: fleet) == ["i1", "i3", "i2"])
            #expect(try await ids(.software, in: fleet) == ["i3", "i1", "i2"])
            #expect(try await ids(.software, .desc, in: fleet) == ["i3", "i1", "i2"])
            #expect(try await ids(.bot, .desc, in: fleet) == ["i3", "i2", "i1"])
            #expect(try await ids(.firstSeen, in: fleet) == ["i1", "i2", "i3"])
            #expect(try await ids(.firstSeen, .desc, in: fleet) == ["i3", "i2", "i1"])
        }
    }

    @Test func `versions are ordered by their numbers`() async throws {
        try await Fleet.with { fleet in
            let versions = ["1.10", "1.9", "v2", "1.09b", "1.9-rc1", "0", "10.0", "9.99"]
            for (place, version) in versions.enumerated() {
                try await fleet.beat("i\(place)", bot: "b1", version: version)
            }
            let input = ListInstances.Input(sort: .version, order: .asc, principal: fleet.operatorPrincipal)
            let ordered = try await fleet.api.listInstances(input).body.items.map(\.version)
            #expect(ordered == ["0", "1.9", "1.9-rc1", "1.09b", "1.10", "9.99", "10.0", "v2"])
        }
    }

    @Test func `alerts and commands that are not finished are counted`() async throws {
        try await Fleet.with { fleet in
            for id in ["i1", "i2", "i3"] { try await fleet.beat(id, bot: "b\(id)") }
            _ = try await fleet.text(
                """
                WITH alert (source, status, id) AS (
                    VALUES ('a', 'OPEN', 'i2'), ('b', 'ACKED', 'i2'), ('a', 'OPEN', 'i3'), ('a', 'RESOLVED', 'i1'),
                        ('b', 'RESOLVED', 'i1'), ('c', 'RESOLVED', 'i1')
                ),
                stored AS (
                    INSERT INTO alerts (source, severity, status, target_type, target_id, message, metadata, resolved_at)
                    SELECT source, 'WARNING', status, 'instance', id, 'x', '{}', CASE status WHEN 'RESOLVED' THEN now() END
                    FROM alert
                )
                SELECT ''
                """
            )
            #expect(try await ids(.openAlerts, .desc, in: fleet) == ["i2", "i3", "i1"])
            #expect(try await ids(.openAlerts, in: fleet) == ["i1", "i3", "i2"])
            _ = try await fleet.command(to: "i3")
            #expect(try await ids(.waitingCommands, .desc, in: fleet) == ["i3", "i1", "i2"])
        }
    }

    @Test(arguments: ListInstancesSort.allCases, [ListInstancesOrder.asc, .desc])
    func `pages of equal values neither repeat nor omit an instance`(
        _ sort: ListInstancesSort,
        _ order: ListInstancesOrder
    )
        async throws
    {
        try await Fleet.with { fleet in
            for number in 0..<7 { try await fleet.beat("i\(number)", bot: "b\(number % 2)") }
            var seen: [String] = []
            for page in 1...4 {
                let input = ListInstances.Input(
                    page: page,
                    pageSize: 2,
                    sort: sort,
                    order: order,
                    principal: fleet.operatorPrincipal
                )
                seen += try await fleet.api.listInstances(input).body.items.map(\.instanceID)
            }
            #expect(seen.count == 7 && Set(seen).count == 7)
        }
    }
}
