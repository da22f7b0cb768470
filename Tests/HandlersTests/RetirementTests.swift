import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Instances that are retired, return, and are deleted.
@Suite struct RetirementTests {
    private func retire(
        _ instance: String = "i1",
        abandon: Bool = false,
        in fleet: Fleet
    ) async throws(Problem) -> RetiredInstance {
        let body = InstanceRetirement(reason: "replaced", abandonPositions: abandon)
        let input = RetireInstance.Input(instanceID: instance, body: body, principal: fleet.operatorPrincipal)
        switch try await fleet.api.retireInstance(input) {
        case .ok(let retired): return retired
        }
    }

    @discardableResult
    private func delete(_ instance: String = "i1", in fleet: Fleet) async throws(Problem) -> RetiredInstance {
        let input = DeleteInstance.Input(instanceID: instance, reason: "gone", principal: fleet.operatorPrincipal)
        switch try await fleet.api.deleteInstance(input) {
        case .accepted(let retired): return retired
        }
    }

    private func retired(in fleet: Fleet) async throws(Problem) -> [String] {
        switch try await fleet.api.listRetiredInstances(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let page):
            #expect(page.total == page.items.count)
            return page.items.map(\.instanceID)
        }
    }

    /// Moves the last heartbeats into the past.
    private func silence(_ interval: String, in fleet: Fleet) async throws {
        _ = try await fleet.database.run(
            Query(
                sql: """
                    UPDATE instance_live
                    SET last_seen = last_seen - interval '\(interval)', last_received_at = last_received_at - interval '\(interval)'
                    """
            )
        )
    }

    private func position(_ symbol: String, _ net: Int, of instance: String = "i1", in fleet: Fleet)
        async throws(Problem)
    {
        let report = PositionReport(
            instanceID: instance,
            symbol: symbol,
            netExposure: Decimal(net),
            grossExposure: Decimal(abs(net)),
            updatedAt: .now
        )
        _ = try await fleet.api.postPosition(.init(body: .positionReport(report)))
    }

    private func metric(
        _ type: String,
        _ value: Int,
        of instance: String = "i1",
        minutesAgo: Int64 = 0,
        in fleet: Fleet
    ) async throws(Problem) {
        let sample = MetricSample(
            instanceID: instance,
            symbol: "BTC",
            metricType: type,
            value: Decimal(value),
            timestamp: Timestamp.now.adding(seconds: -60 * minutesAgo)
        )
        _ = try await fleet.api.postMetric(.init(body: .metricSample(sample)))
    }

    private func actions(in fleet: Fleet) async throws(Problem) -> [String] {
        try await fleet.audit().reversed().map { "\($0.actor) \($0.action) \($0.result.rawValue)" }
    }

    private func exposure(in fleet: Fleet) async throws(Problem) -> String {
        let exposure = try await fleet.api.getExposure(.init(principal: fleet.operatorPrincipal)).body
        return [exposure.totalNetExposure, exposure.totalGrossExposure].map { $0?.description ?? "null" }
            .joined(separator: " ")
    }

    private func netPnl(in fleet: Fleet) async throws(Problem) -> String {
        switch try await fleet.api.getNetPnl(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let figures): return figures.netPnl?.description ?? "unknown"
        }
    }

    private func equity(in fleet: Fleet) async throws(Problem) -> [String] {
        switch try await fleet.api.getEquityCurve(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let curve): return curve.points.map { "\($0.equity)" }
        }
    }

    /// The sum of the fleet's booked equity.
    private func booked(in fleet: Fleet) async throws -> String {
        try await fleet.text(
            "SELECT coalesce(sum(change), 0)::text || ' ' || coalesce(sum(samples), 0)::text FROM equity_changes WHERE symbol = ''"
        )
    }

    private static let counts = "SELECT sum(bots) || ' ' || sum(instances) || ' ' || sum(retired) FROM fleet_counts"

    // MARK: - Retiring

    @Test func `a reporting instance is not retired, and a silent one leaves the fleet`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            let refusal = await #expect(throws: Problem.self) { try await retire(in: fleet) }
            #expect(refusal?.status == 409)
            #expect(refusal?.code == "INSTANCE_REPORTING")
            try await silence("2 minutes", in: fleet)
            try await fleet.api.runScheduledChecks()
            let id = try await fleet.command().commandID
            let retired = try await retire(in: fleet)
            #expect(retired.botID == "b1")
            #expect(retired.retiredBy == "admin-token-user")
            #expect(retired.reason == "replaced")
            #expect(retired.runtimeMode == .paper)
            #expect(retired.symbol == "BTCUSDT")
            #expect(!retired.isBeingDeleted)
            // It is in no list, has no alert, and its command is canceled.
            #expect(try await fleet.bots().items.map(\.instanceID) == ["i2"])
            #expect(try await fleet.bots().total == 1)
            #expect(try await fleet.text(Self.counts) == "1 1 1")
            #expect(
                try await fleet.text("SELECT string_agg(target_id, ' ') FROM alerts WHERE status <> 'RESOLVED'") == "i2"
            )
            #expect(try await fleet.show(id).status == .canceled)
            #expect(try await fleet.pending().isEmpty)
            try await fleet.api.runScheduledChecks()
            #expect(
                try await fleet.text("SELECT string_agg(target_id, ' ') FROM alerts WHERE status <> 'RESOLVED'") == "i2"
            )
            // Repeating it has the same result, and writes nothing.
            let entries = try await actions(in: fleet).count
            #expect(try await retire(in: fleet) == retired)
            #expect(try await actions(in: fleet).count == entries)
            #expect(try await self.retired(in: fleet) == ["i1"])
            let command = await #expect(throws: Problem.self) { try await fleet.command() }
            #expect(command?.code == "INSTANCE_RETIRED")
            let unknown = await #expect(throws: Problem.self) { try await retire("ghost", in: fleet) }
            #expect(unknown?.status == 404)
        }
    }

    @Test func `a stopped instance is retired immediately, and a bot without other instances is kept`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            _ = try await fleet.database.run(Query(sql: "UPDATE instance_live SET state = 'STOPPED'"))
            _ = try await retire(in: fleet)
            let page = try await fleet.bots()
            #expect(page.total == 1)
            #expect(page.totalBots == 1)
            #expect(page.items.map { $0.instanceID ?? "none" } == ["none"])
        }
    }

    @Test func `the next heartbeat returns a retired instance with its positions, and is audited`()
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", mode: .live)
            try await fleet.beat("i2", mode: .live)
            try await position("BTC", 5, in: fleet)
            try await position("BTC", 2, of: "i2", in: fleet)
            try await silence("2 minutes", in: fleet)
            let refusal = await #expect(throws: Problem.self) { try await retire(in: fleet) }
            #expect(refusal?.code == "INSTANCE_HOLDS_POSITIONS")
            _ = try await retire(abandon: true, in: fleet)
            #expect(try await exposure(in: fleet) == "2 2")
            // Reports of a retired instance are stored, but are in no sum.
            try await position("ETH", -1, in: fleet)
            #expect(try await exposure(in: fleet) == "2 2")
            try await fleet.beat("i1", mode: .collector)
            #expect(try await exposure(in: fleet) == "6 8")
            #expect(
                try await fleet.text(
                    "SELECT string_agg(DISTINCT runtime_mode, ' ') FROM positions WHERE instance_id = 'i1'"
                ) == "COLLECTOR"
            )
            #expect(try await fleet.text(Self.counts) == "1 2 0")
            #expect(try await fleet.bots().total == 2)
            #expect(try await retired(in: fleet) == [])
            #expect(try await actions(in: fleet).last == "agent INSTANCE_RETURN SUCCESS")
            // A refresh of a known instance does nothing more.
            try await fleet.beat("i1", mode: .collector)
            #expect(try await actions(in: fleet).filter { $0.contains("RETURN") }.count == 1)
        }
    }

    @Test func `a return counts as a registration, and the wrong bot returns nothing`() async throws {
        var configuration = API.Configuration()
        configuration.clientLimits.registrationsPerHour = 3
        configuration.clientLimits.instances = 2
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            try await silence("2 minutes", in: fleet)
            _ = try await retire("i1", in: fleet)
            _ = try await retire("i2", in: fleet)
            let foreign = await #expect(throws: Problem.self) { try await fleet.beat("i1", bot: "b2") }
            #expect(foreign?.code == "INSTANCE_OF_ANOTHER_BOT")
            let full = await #expect(throws: Problem.self) { try await fleet.beat("i3") }
            #expect(full?.code == "TOO_MANY_INSTANCES")
            try await fleet.beat("i1")
            let refusal = await #expect(throws: Problem.self) { try await fleet.beat("i2") }
            #expect(refusal?.code == "TOO_MANY_REGISTRATIONS")
            #expect(try await retired(in: fleet) == ["i2"])
            #expect(try await fleet.text(Self.counts) == "1 1 1")
        }
    }

    @Test func `concurrent retirements and returns of many instances are counted exactly`() async throws {
        try await Fleet.with { fleet in
            for index in 0..<40 { try await fleet.beat("i\(index)", bot: "b\(index % 5)", mode: .live) }
            for index in 0..<40 { try await position("S\(index % 3)", 1, of: "i\(index)", in: fleet) }
            try await silence("2 minutes", in: fleet)
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<40 {
                    group.addTask { _ = try? await retire("i\(index)", abandon: true, in: fleet) }
                    if index % 2 == 0 {
                        group.addTask { try? await fleet.beat("i\(index)", bot: "b\(index % 5)", mode: .live) }
                    }
                }
            }
            let live = try await fleet.text("SELECT count(*)::text FROM instance_live")
            let away = try await fleet.text("SELECT count(*)::text FROM instances WHERE retired_at IS NOT NULL")
            #expect(try await fleet.text("SELECT count(*)::text FROM instances") == "40")
            #expect(try await fleet.text(Self.counts) == "5 \(live) \(away)")
            #expect(try await fleet.text("SELECT count(*)::text FROM instance_live WHERE runtime_mode = ''") == "0")
            let held = "SELECT count(*)::text FROM positions JOIN instance_live USING (instance_id)"
            #expect(try await exposure(in: fleet) == "\(try await fleet.text(held)) \(try await fleet.text(held))")
            let bots =
                "SELECT count(*)::text FROM bots WHERE has_instance <> EXISTS (SELECT FROM instances WHERE instances.bot_id = bots.bot_id AND retired_at IS NULL)"
            #expect(try await fleet.text(bots) == "0")
        }
    }

    @Test func `silent instances are retired automatically if configured, unless they hold positions`() async throws {
        var configuration = API.Configuration()
        configuration.instanceRetireDays = 7
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            try await fleet.beat("i3")
            try await position("BTC", 1, of: "i2", in: fleet)
            try await position("BTC", 0, of: "i1", in: fleet)
            try await silence("8 days", in: fleet)
            try await fleet.beat("i3")
            try await fleet.api.maintain()
            #expect(try await retired(in: fleet) == ["i1"])
            #expect(try await actions(in: fleet) == ["scheduler INSTANCE_RETIRE SUCCESS"])
            #expect(
                try await fleet.text("SELECT string_agg(instance_id, ' ' ORDER BY instance_id) FROM instance_live")
                    == "i2 i3"
            )
        }
    }

    // MARK: - Sums

    @Test func `earnings of a retired instance are kept, and its equity leaves the curve and returns with it`()
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", mode: .live)
            try await fleet.beat("i2", mode: .live)
            try await metric("realized_pnl", 100, in: fleet)
            try await metric("realized_pnl", 10, of: "i2", in: fleet)
            for (minutes, value) in [(30, 1_000), (20, 1_100), (12, 1_200)] {
                try await metric("equity", value, minutesAgo: Int64(minutes), in: fleet)
            }
            try await metric("equity", 50, of: "i2", minutesAgo: 25, in: fleet)
            try await fleet.api.maintain()
            #expect(try await booked(in: fleet) == "1250 4")
            #expect(try await equity(in: fleet) == ["1000", "1050", "1150", "1250"])
            try await silence("2 minutes", in: fleet)
            _ = try await retire(in: fleet)
            try await fleet.api.maintain()
            #expect(try await netPnl(in: fleet) == "110")
            #expect(try await equity(in: fleet) == ["50"])
            #expect(try await booked(in: fleet) == "50 1")
            // A late sample of the retired instance is stored, but not booked.
            try await metric("equity", 1_150, minutesAgo: 15, in: fleet)
            try await fleet.api.maintain()
            #expect(try await booked(in: fleet) == "50 1")
            try await fleet.beat("i1", mode: .collector)
            try await fleet.api.maintain()
            #expect(try await booked(in: fleet) == "1250 5")
            #expect(try await equity(in: fleet) == ["1000", "1050", "1150", "1200", "1250"])
        }
    }

    // MARK: - Deleting

    @Test func `a deleted instance is removed with its data, and the books and the audit log are kept`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", bot: "b1", mode: .live)
            try await fleet.beat("i2", bot: "b2", mode: .live)
            try await position("BTC", 5, in: fleet)
            try await metric("equity", 1_000, minutesAgo: 30, in: fleet)
            try await metric("equity", 50, of: "i2", minutesAgo: 25, in: fleet)
            try await metric("realized_pnl", 100, in: fleet)
            let cost = CostEntry(
                instanceID: "i1",
                symbol: "BTC",
                costType: .fee,
                amount: Decimal(3),
                timestamp: .now,
                entryID: "fee-1"
            )
            _ = try await fleet.api.postCost(.init(body: .costEntry(cost)))
            let id = try await fleet.command().commandID
            try await fleet.acknowledge(id, .completed)
            try await fleet.api.maintain()
            let refusal = await #expect(throws: Problem.self) { try await delete(in: fleet) }
            #expect(refusal?.status == 409)
            #expect(refusal?.code == "INSTANCE_NOT_RETIRED")
            try await silence("2 minutes", in: fleet)
            _ = try await retire(abandon: true, in: fleet)
            #expect(try await delete(in: fleet).isBeingDeleted)
            #expect(try await delete(in: fleet).isBeingDeleted)
            // During the deletion, no request can return it or add data.
            let beat = await #expect(throws: Problem.self) { try await fleet.beat("i1", bot: "b1", mode: .live) }
            #expect(beat?.code == "INSTANCE_BEING_DELETED")
            let sample = await #expect(throws: Problem.self) { try await metric("other", 1, in: fleet) }
            #expect(sample?.code == "INSTANCE_NOT_FOUND")
            for _ in 1...3 { try await fleet.api.maintain() }
            for table in ["instances", "instance_live", "metric_series", "metric_latest", "positions"] {
                #expect(
                    try await fleet.text("SELECT count(*)::text FROM \(table) WHERE true")
                        == (table == "positions" ? "0" : "1"),
                    "\(table)"
                )
            }
            #expect(try await fleet.text("SELECT count(*)::text FROM metric_samples") == "1")
            #expect(try await fleet.text("SELECT count(*)::text FROM metric_5m") == "1")
            #expect(try await fleet.text("SELECT count(*)::text FROM metric_1h") == "1")
            #expect(try await fleet.text("SELECT string_agg(bot_id, ' ') FROM bots") == "b2")
            #expect(try await fleet.text(Self.counts) == "1 1 0")
            #expect(try await booked(in: fleet) == "50 1")
            #expect(try await equity(in: fleet) == ["50"])
            #expect(try await exposure(in: fleet) == "0 0")
            #expect(try await retired(in: fleet) == [])
            // The books and the history keep its id.
            switch try await fleet.api.listCosts(.init(principal: fleet.operatorPrincipal)) {
            case .ok(let page): #expect(page.items.map(\.instanceID) == ["i1"])
            }
            #expect(try await fleet.show(id).instanceID == "i1")
            let seen = try await actions(in: fleet)
            #expect(seen.filter { $0 == "admin-token-user INSTANCE_DELETE SUCCESS" }.count == 1)
            let gone = await #expect(throws: Problem.self) { try await delete(in: fleet) }
            #expect(gone?.status == 404)
        }
    }

    @Test
    func `a server that has cached the series of a deleted instance notices, and the instance can register again`()
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await metric("m", 1, in: fleet)
            try await silence("2 minutes", in: fleet)
            _ = try await retire(in: fleet)
            try await delete(in: fleet)
            for _ in 1...3 { try await fleet.api.maintain() }
            let refusal = await #expect(throws: Problem.self) { try await metric("m", 2, in: fleet) }
            #expect(refusal?.code == "INSTANCE_NOT_FOUND")
            try await fleet.beat(bot: "b9")
            try await metric("m", 3, in: fleet)
            #expect(try await fleet.text("SELECT sum(value)::text FROM metric_samples") == "3")
            #expect(try await fleet.bots().items.map(\.botID) == ["b9"])
        }
    }

    @Test func `a long history is removed in parts`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await metric("m", 1, in: fleet)
            _ = try await fleet.database.run(
                Query(
                    sql: """
                        INSERT INTO metric_samples
                        SELECT series_id, now() - i * interval '1 second', 1
                        FROM metric_series
                        CROSS JOIN generate_series(1, 25000) AS i
                        """
                )
            )
            try await silence("2 minutes", in: fleet)
            _ = try await retire(in: fleet)
            try await delete(in: fleet)
            let left = "SELECT count(*)::text FROM metric_samples"
            #expect(try await fleet.text("SELECT remove_instances()::text") == "10000")
            #expect(try await fleet.text(left) == "15001")
            for _ in 1...2 { try await fleet.api.maintain() }
            #expect(try await fleet.text(left) == "0")
            #expect(try await fleet.text("SELECT count(*)::text FROM instances") == "0")
        }
    }

    @Test func `deleting an instance revokes its tokens`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let request = AgentTokenRequest()
            let input = IssueAgentToken.Input(instanceID: "i1", body: request, principal: fleet.operatorPrincipal)
            _ = try await fleet.api.issueAgentToken(input)
            try await silence("2 minutes", in: fleet)
            _ = try await retire(in: fleet)
            #expect(try await fleet.text("SELECT count(*)::text FROM access_tokens WHERE revoked_at IS NULL") == "1")
            try await delete(in: fleet)
            #expect(try await fleet.text("SELECT count(*)::text FROM access_tokens WHERE revoked_at IS NULL") == "0")
        }
    }

    // MARK: - The server before this one

    @Test func `a heartbeat in flight when its instance was retired does not return half of it`()
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await silence("2 minutes", in: fleet)
            _ = try await retire(in: fleet)
            // The row that a refresh inserts when the row that it found has been removed.
            _ = try await fleet.database.run(
                Query(
                    sql: """
                        INSERT INTO instance_live
                            (instance_id, runtime_mode, exchange, symbol, version, metadata, last_seen, last_received_at, sent_at, beat_at)
                        VALUES ('i1', '', '', '', '', '{}', now(), now(), now(), now())
                        """
                )
            )
            #expect(try await fleet.text("SELECT count(*)::text FROM instance_live") == "0")
            #expect(try await retired(in: fleet) == ["i1"])
        }
    }
}
