import ContractRuntime
import Foundation
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

/// Limits on rows and resources that clients can add or hold.
@Suite struct BoundTests {
    private func configuration(_ change: (inout ClientLimits) -> Void) -> API.Configuration {
        var configuration = API.Configuration()
        change(&configuration.clientLimits)
        return configuration
    }

    private func metrics(_ fleet: Fleet) async throws(Problem) -> String {
        switch try await fleet.api.getMetrics(.init()) {
        case .ok(let text): return text
        }
    }

    private func alerts(_ fleet: Fleet) async throws(Problem) -> [String] {
        switch try await fleet.api.listAlerts(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let page): return page.items.map { "\($0.source) \($0.status.rawValue) \($0.message)" }
        }
    }

    private static func heartbeat(_ instance: String, bot: String = "b1", boot: String? = nil) -> Heartbeat {
        var heartbeat = Heartbeat(
            instanceID: instance,
            botID: bot,
            runtimeMode: .paper,
            exchange: "binance",
            symbol: "BTCUSDT",
            version: "1.0",
            timestamp: .now
        )
        heartbeat.bootID = boot
        return heartbeat
    }

    private func post(_ elements: [Heartbeat], in fleet: Fleet) async throws(Problem) -> [String] {
        let body = elements.map { JSONObject($0) }
        switch try await fleet.api.postHeartbeat(.init(body: .array(body))) {
        case .accepted(let receipt): return (receipt.items ?? []).map { $0.code?.rawValue ?? $0.status.rawValue }
        }
    }

    // MARK: - Registrations

    @Test func `beyond the hourly registrations new instances get 429, and known ones are still accepted`() async throws
    {
        try await Fleet.with(configuration { $0.registrationsPerHour = 3 }) { fleet in
            for index in 1...3 { try await fleet.beat("i\(index)") }
            let refusal = await #expect(throws: Problem.self) { try await fleet.beat("i4", bot: "b4") }
            #expect(refusal?.status == 429)
            #expect(refusal?.code == "TOO_MANY_REGISTRATIONS")
            #expect(refusal?.retryAfterSeconds == 60)
            // Known instances, with an unchanged heartbeat and a changed one.
            try await fleet.beat("i1")
            try await fleet.beat("i2", version: "2.0")
            #expect(try await fleet.bots().items.map(\.botID) == ["b1", "b1", "b1"])
            #expect(try await fleet.text("SELECT count(*)::text FROM bots") == "1")
        }
    }

    @Test func `in an array each rejected registration stands alone, and its neighbours are stored`() async throws {
        try await Fleet.with(configuration { $0.registrationsPerHour = 2 }) { fleet in
            try await fleet.beat("known")
            let codes = try await post(["known", "a", "b", "known", "c"].map { Self.heartbeat($0) }, in: fleet)
            #expect(
                codes == ["accepted", "accepted", "TOO_MANY_REGISTRATIONS", "accepted", "TOO_MANY_REGISTRATIONS"]
            )
            #expect(try await metrics(fleet).contains(#"flotilla_bound_refusals_total{bound="registrations"} 2"#))
            #expect(try await metrics(fleet).contains("flotilla_registrations 2\n"))
        }
    }

    @Test func `a flood raises one alert and one audit entry per kind, and the alert resolves after the flood`()
        async throws
    {
        try await Fleet.with(configuration { $0.registrationsPerHour = 1 }) { fleet in
            try await fleet.beat("i1")
            for _ in 1...3 {
                let codes = try await post((0..<100).map { Self.heartbeat("flood-\($0)") }, in: fleet)
                #expect(Set(codes) == ["TOO_MANY_REGISTRATIONS"])
            }
            let message = "New instances are refused: more than 1 registered within an hour"
            #expect(try await alerts(fleet) == ["registrations OPEN \(message)"])
            // 50 kinds have their own entries, and the first of the others has one more.
            #expect(try await fleet.text("SELECT count(*)::text FROM audit_log") == "51")
            await fleet.api.recordCountedRejections(isLast: true)
            let counted = """
                SELECT sum(coalesce((details ->> 'count')::int8, 1))::text FROM audit_log WHERE action = 'HEARTBEAT'
                """
            #expect(try await fleet.text(counted) == "300")
            #expect(try await fleet.text("SELECT count(*)::text FROM audit_log") == "102")
            try await fleet.api.runScheduledChecks()
            #expect(try await alerts(fleet) == ["registrations OPEN \(message)"])
            _ = try await fleet.database.run(Query(sql: "UPDATE alerts SET last_at = last_at - interval '16 minutes'"))
            try await fleet.api.runScheduledChecks()
            #expect(try await alerts(fleet) == ["registrations RESOLVED \(message)"])
        }
    }

    @Test func `two servers share the hourly registrations`() async throws {
        try await TestDatabase.migrated { url in
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let configuration = configuration { $0.registrationsPerHour = 100 }
            func server() -> (API, Database) {
                let database = Database(.init(url: url, connections: 4, deadline: .seconds(30)), logger: logger)
                let schema = SchemaState()
                schema.confirm(version: Migration.all.count)
                return (API(database: database, schema: schema, configuration: configuration, logger: logger), database)
            }
            let ((first, firstDatabase), (second, secondDatabase)) = (server(), server())
            defer {
                firstDatabase.close()
                secondDatabase.close()
            }
            let registered = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<300 {
                    group.addTask {
                        let input = PostHeartbeat.Input(
                            body: .heartbeat(Self.heartbeat("i\(index)", bot: "b\(index % 9)"))
                        )
                        let answer = try? await (index % 2 == 0 ? first : second).postHeartbeat(input)
                        return answer != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(registered == 100)
            let fleet = Fleet(api: first, database: firstDatabase)
            let live = try await fleet.text("SELECT count(*)::text FROM instance_live")
            #expect(live == "100")
            let counted = try await fleet.text("SELECT sum(instances)::text FROM fleet_counts")
            #expect(counted == "100")
        }
    }

    @Test func `a full fleet rejects new instances with an alert`() async throws {
        try await Fleet.with(configuration { $0.instances = 2 }) { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            let refusal = await #expect(throws: Problem.self) { try await fleet.beat("i3") }
            #expect(refusal?.status == 429)
            #expect(refusal?.code == "TOO_MANY_INSTANCES")
            let message = "New instances are refused: the fleet has its maximum of 2 instances"
            #expect(try await alerts(fleet) == ["registrations OPEN \(message)"])
            try await fleet.beat("i1", version: "2.0")
        }
    }

    @Test func `registrations become available again over the hour`() async throws {
        try await Fleet.with(configuration { $0.registrationsPerHour = 60 }) { fleet in
            for index in 1...60 { try await fleet.beat("i\(index)") }
            await #expect(throws: Problem.self) { try await fleet.beat("i61") }
            _ = try await fleet.database.run(
                Query(sql: "UPDATE registration_allowance SET restored_at = restored_at - interval '2 minutes'")
            )
            try await fleet.beat("i61")
            try await fleet.beat("i62")
            await #expect(throws: Problem.self) { try await fleet.beat("i63") }
        }
    }

    // MARK: - Processes

    @Test func `the hundred newest processes of an instance are remembered, and the last one owns it`() async throws {
        try await Fleet.with { fleet in
            func beat(_ boot: Int) async throws(Problem) {
                let heartbeat = Self.heartbeat("i1", boot: "boot-\(boot)")
                _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(heartbeat)))
            }
            for boot in 1...120 { try await beat(boot) }
            #expect(try await fleet.text("SELECT count(*)::text FROM instance_boots") == "100")
            let refusal = await #expect(throws: Problem.self) { try await beat(21) }
            #expect(refusal?.code == "LEASE_LOST")
            try await beat(120)
        }
    }

    // MARK: - Series and positions

    @Test func `beyond its series an instance gets 422 for new ones, and values of existing ones are stored`()
        async throws
    {
        try await Fleet.with(configuration { $0.seriesPerInstance = 3 }) { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            func sample(_ type: String, of instance: String = "i1") -> MetricSample {
                MetricSample(instanceID: instance, symbol: "BTC", metricType: type, value: Decimal(1), timestamp: .now)
            }
            func post(_ samples: [MetricSample]) async throws(Problem) -> [String] {
                let body = samples.map { JSONObject($0) }
                switch try await fleet.api.postMetric(.init(body: .array(body))) {
                case .accepted(let receipt):
                    return (receipt.items ?? []).map { $0.code?.rawValue ?? $0.status.rawValue }
                }
            }
            let samples = ["a", "b", "c", "d", "a"].map { sample($0) } + [sample("d", of: "i2")]
            #expect(
                try await post(samples)
                    == ["accepted", "accepted", "accepted", "TOO_MANY_SERIES", "accepted", "accepted"]
            )
            let refusal = await #expect(throws: Problem.self) {
                try await fleet.api.postMetric(.init(body: .metricSample(sample("e"))))
            }
            #expect(refusal?.status == 422)
            // Resource usage is two series, and both or neither are stored.
            let resource = ResourceSample(instanceID: "i2", cpuPct: Decimal(1), memoryPct: Decimal(2), timestamp: .now)
            _ = try await fleet.api.postResource(.init(body: .resourceSample(resource)))
            let other = ResourceSample(instanceID: "i1", cpuPct: Decimal(1), memoryPct: Decimal(2), timestamp: .now)
            await #expect(throws: Problem.self) {
                try await fleet.api.postResource(.init(body: .resourceSample(other)))
            }
            #expect(try await fleet.text("SELECT count(*)::text FROM metric_series WHERE instance_id = 'i1'") == "3")
            #expect(try await metrics(fleet).contains(#"flotilla_bound_refusals_total{bound="series"} 3"#))
        }
    }

    @Test func `concurrent batches do not exceed the limit of series`() async throws {
        try await Fleet.with(configuration { $0.seriesPerInstance = 50 }) { fleet in
            try await fleet.beat("i1")
            await withTaskGroup(of: Void.self) { group in
                for part in 0..<6 {
                    group.addTask {
                        let samples = (0..<100).map { index in
                            MetricSample(
                                instanceID: "i1",
                                symbol: "S\(part)-\(index)",
                                metricType: "m",
                                value: Decimal(1),
                                timestamp: .now
                            )
                        }
                        _ = try? await fleet.api.postMetric(.init(body: .array(samples.map { JSONObject($0) })))
                    }
                }
            }
            #expect(try await fleet.text("SELECT count(*)::text FROM metric_series") == "50")
            #expect(try await fleet.text("SELECT count(*)::text FROM metric_latest") == "50")
        }
    }

    @Test func `closed positions make room for new symbols, otherwise another symbol is rejected`() async throws {
        try await Fleet.with(configuration { $0.positionsPerInstance = 3 }) { fleet in
            try await fleet.beat("i1", mode: .live)
            func post(_ reports: [(symbol: String, net: Int, age: Int64)]) async throws(Problem) -> [String] {
                let reports = reports.map { report in
                    PositionReport(
                        instanceID: "i1",
                        symbol: report.symbol,
                        netExposure: Decimal(report.net),
                        grossExposure: Decimal(abs(report.net)),
                        updatedAt: Timestamp.now.adding(seconds: -report.age)
                    )
                }
                switch try await fleet.api.postPosition(.init(body: .array(reports.map { JSONObject($0) }))) {
                case .accepted(let receipt):
                    return (receipt.items ?? []).map { $0.code?.rawValue ?? $0.status.rawValue }
                }
            }
            let symbols = "SELECT string_agg(symbol, ' ' ORDER BY symbol) FROM positions"
            let totals = """
                SELECT coalesce(sum(positions)::text || ' ' || sum(net)::text || ' ' || sum(gross)::text, '') FROM exposure_totals
                """
            #expect(
                try await post([("A", 0, 30), ("B", 5, 20), ("C", 0, 10)]) == ["accepted", "accepted", "accepted"]
            )
            // A was closed first and is removed; then C, although it is reported in the same batch; then no closed position is left.
            #expect(try await post([("D", -2, 9)]) == ["accepted"])
            #expect(try await fleet.text(symbols) == "B C D")
            #expect(try await post([("E", 7, 8), ("F", 1, 8)]) == ["accepted", "TOO_MANY_POSITIONS"])
            #expect(try await fleet.text(symbols) == "B D E")
            #expect(try await fleet.text(totals) == "3 10 14")
            #expect(try await post([("B", 0, 7), ("G", 1, 7)]) == ["accepted", "TOO_MANY_POSITIONS"])
            #expect(try await post([("B", 0, 6), ("G", 1, 6)]) == ["accepted", "accepted"])
            #expect(try await fleet.text("SELECT count(*)::text FROM positions WHERE runtime_mode IS NULL") == "0")
            // Symbols without positions leave no rows.
            _ = try await fleet.database.run(Query(sql: "DELETE FROM positions"))
            _ = try await fleet.database.run(Query(sql: "UPDATE exposure_totals SET slot = -slot WHERE slot > 0"))
            for _ in 1...2 { try await fleet.api.maintain() }
            #expect(try await fleet.text("SELECT count(*)::text FROM exposure_totals") == "0")
        }
    }

    @Test func `ten thousand symbols have their own execution figures, and the others count only in the total`()
        async throws
    {
        try await Fleet.with { fleet in
            let samples = """
                INSERT INTO execution_samples
                    (instance_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, received_at)
                SELECT 'i1', 's' || i, 1, 2, 1, now(), now()
                FROM generate_series(1, 10003) AS i
                """
            for _ in 1...2 {
                _ = try await fleet.database.run(Query(sql: samples))
                // Sums wait for older transactions in the whole cluster, which all tests share.
                let deadline = ContinuousClock.now + .seconds(60)
                repeat {
                    try await fleet.api.maintain()
                } while try await fleet.text(Self.unsummed) != "0" && ContinuousClock.now < deadline
            }
            #expect(try await fleet.text("SELECT count(*)::text FROM execution_totals WHERE symbol <> ''") == "10000")
            #expect(try await fleet.text("SELECT samples::text FROM execution_totals WHERE symbol = ''") == "6")
            #expect(try await fleet.text("SELECT count(*)::text FROM execution_values") == "20002")
            switch try await fleet.api.getExecutionQuality(.init(principal: fleet.operatorPrincipal)) {
            case .ok(let quality):
                #expect(quality.samples == 20_006)
                #expect(quality.latencyMs.p99 == 2)
            }
        }
    }

    private static let unsummed = """
        SELECT count(*)::text
        FROM execution_samples
        WHERE xid >= (SELECT xid FROM sum_horizons WHERE name = 'executions')
        """

    // MARK: - Sizes

    private func object(bytes: Int) throws -> JSONObject {
        try #require(JSONObject("{\"x\":\"" + String(repeating: "a", count: bytes - 8) + "\"}"))
    }

    @Test func `metadata, payloads and configurations have a maximum size`() async throws {
        try await Fleet.with(configuration { $0.objectBytes = 100 }) { fleet in
            var heartbeat = Self.heartbeat("i1")
            heartbeat.metadata = try object(bytes: 100)
            _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(heartbeat)))
            heartbeat.metadata = try object(bytes: 101)
            let tooLong = heartbeat
            var refusal = await #expect(throws: Problem.self) {
                try await fleet.api.postHeartbeat(.init(body: .heartbeat(tooLong)))
            }
            #expect(refusal?.status == 413)
            #expect(refusal?.code == "OBJECT_TOO_LARGE")
            #expect(refusal?.detail == "metadata has 101 bytes; at most 100 are allowed")
            #expect(try await post([tooLong, Self.heartbeat("i2")], in: fleet) == ["OBJECT_TOO_LARGE", "accepted"])
            let request = BulkCommandRequest(
                commandType: .safeMode,
                target: FleetQuery(all: true),
                ttlSeconds: 60,
                payload: try object(bytes: 101)
            )
            refusal = await #expect(throws: Problem.self) {
                try await fleet.api.createCommands(.init(body: request, principal: fleet.operatorPrincipal))
            }
            #expect(refusal?.code == "OBJECT_TOO_LARGE")
            #expect(try await metrics(fleet).contains(#"flotilla_bound_refusals_total{bound="object"} 3"#))
        }
    }

    @Test func `evidence has a maximum size`() async throws {
        try await Fleet.with(configuration { $0.evidenceBytes = 100 }) { fleet in
            try await fleet.beat()
            let id = try await fleet.command().commandID
            func acknowledge(_ bytes: Int) async throws {
                var body = Acknowledgement(commandID: id, instanceID: "i1", status: .accepted, timestamp: .now)
                body.evidence = try object(bytes: bytes)
                _ = try await fleet.api.acknowledgeCommand(.init(commandID: id, body: body))
            }
            try await acknowledge(100)
            let refusal = await #expect(throws: Problem.self) { try await acknowledge(101) }
            #expect(refusal?.status == 413)
            #expect(refusal?.code == "EVIDENCE_TOO_LARGE")
            #expect(try await fleet.show(id).acknowledgements.count == 1)
        }
    }

    @Test func `acknowledgements beyond the limit are rejected unless they change the command`() async throws {
        try await Fleet.with(configuration { $0.acknowledgementsPerCommand = 3 }) { fleet in
            try await fleet.beat()
            let id = try await fleet.command().commandID
            for _ in 1...3 { try await fleet.acknowledge(id, .accepted) }
            let refusal = await #expect(throws: Problem.self) { try await fleet.acknowledge(id, .accepted) }
            #expect(refusal?.status == 409)
            #expect(refusal?.code == "TOO_MANY_ACKNOWLEDGEMENTS")
            #expect(try await fleet.acknowledge(id, .completed).commandStatus == .completed)
            await #expect(throws: Problem.self) { try await fleet.acknowledge(id, .completed) }
            #expect(try await fleet.show(id).acknowledgements.count == 4)
        }
    }

    // MARK: - The audit log

    @Test func `repeated rejections become one entry with their number, and the chain stays intact`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            for _ in 1...40 { await #expect(throws: Problem.self) { try await fleet.beat(bot: "b2") } }
            #expect(try await fleet.audit().count == 1)
            await fleet.api.recordCountedRejections(isLast: false)
            #expect(try await fleet.audit().count == 1)
            await fleet.api.recordCountedRejections(isLast: true)
            let entries = try await fleet.audit()
            #expect(entries.map(\.action) == ["HEARTBEAT", "HEARTBEAT"])
            #expect(entries.first?.details.description == #"{"code": "INSTANCE_OF_ANOTHER_BOT", "count": 39}"#)
            await fleet.api.recordCountedRejections(isLast: true)
            #expect(try await fleet.audit().count == 2)
            try await fleet.api.runScheduledChecks()
            switch try await fleet.api.verifyAuditLog(.init(principal: fleet.operatorPrincipal)) {
            case .ok(let verification): #expect(verification.isIntact && verification.sealed == 2)
            }
        }
    }

    @Test func `counted rejections of runs are listed with other entries`() async throws {
        try await Fleet.with { fleet in
            for _ in 1...130 {
                await #expect(throws: Problem.self) {
                    try await fleet.api.cancelModuleRun(.init(runID: UUID(), principal: fleet.operatorPrincipal))
                }
            }
            await fleet.api.recordCountedRejections(isLast: true)
            let entries = try await fleet.audit()
            // The counted ones name no run.
            let first = try #require(entries.first)
            #expect([first.targetType, first.targetID] == ["module_run", "*"])
            #expect(first.runID == nil)
            #expect(entries.dropFirst().allSatisfy { $0.runID?.text == $0.targetID })
        }
    }

    @Test func `an authenticated principal has an entry per rejection, up to a hundred per minute`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let move = InstanceMove(botID: "b2")
            for _ in 1...130 {
                await #expect(throws: Problem.self) {
                    try await fleet.api.moveInstance(
                        .init(instanceID: "ghost", body: move, principal: fleet.operatorPrincipal)
                    )
                }
            }
            #expect(try await fleet.text("SELECT count(*)::text FROM audit_log") == "100")
            await fleet.api.recordCountedRejections(isLast: true)
            #expect(try await fleet.text("SELECT count(*)::text FROM audit_log") == "101")
            #expect(
                try await fleet.audit().first?.details.description == #"{"code": "INSTANCE_NOT_FOUND", "count": 30}"#
            )
        }
    }

    @Test func `denials from many addresses write a limited number of entries, and none is lost`() async throws {
        try await Fleet.with { fleet in
            for index in 0..<2_000 {
                try await fleet.api.recordDenial(of: nil, operation: "listBots", address: "10.0.\(index % 200).1")
            }
            await fleet.api.recordCountedRejections(isLast: true)
            let rows = try await fleet.text("SELECT count(*)::text FROM audit_log")
            #expect(rows == "102")
            let sum = "SELECT sum(coalesce((details ->> 'count')::int8, 1))::text FROM audit_log"
            #expect(try await fleet.text(sum) == "2000")
        }
    }

    // MARK: - Streams

    @Test func `event streams are limited per principal and per server, and their end frees the slot`()
        async throws
    {
        let bounds = configuration {
            $0.eventStreams = 3
            $0.eventStreamsPerPrincipal = 2
        }
        try await Fleet.with(bounds) { fleet in
            func watch(_ name: String) async throws -> ServerEvents<FleetEvent> {
                switch try await fleet.api.watchEvents(.init(principal: Principal(name: name))) {
                case .ok(let events): return events
                }
            }
            func fill() async throws -> [ServerEvents<FleetEvent>] {
                let ann = [try await watch("ann"), try await watch("ann")]
                var refusal = await #expect(throws: Problem.self) { try await watch("ann") }
                #expect(refusal?.status == 429)
                #expect(refusal?.code == "TOO_MANY_STREAMS")
                let bob = try await watch("bob")
                refusal = await #expect(throws: Problem.self) { try await watch("eve") }
                #expect(refusal?.status == 503)
                #expect(refusal?.retryAfterSeconds == 15)
                let figures = try await metrics(fleet)
                #expect(figures.contains("flotilla_event_streams 3\n"))
                #expect(figures.contains(#"flotilla_bound_refusals_total{bound="streams"} 2"#))
                return ann + [bob]
            }
            var open = try await fill()
            open = []
            #expect(open.isEmpty)
            _ = try await watch("ann")
        }
    }
}
