import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

@Suite struct PostMetricTests {
    private func post(_ value: String, at time: Timestamp, to instanceID: String = "i1", in fleet: Fleet)
        async throws(Problem)
    {
        guard let value = Decimal(value) else { throw Problem(status: 0, code: "TEST", detail: value) }
        let sample = MetricSample(
            instanceID: instanceID,
            symbol: "BTC",
            metricType: "equity",
            value: value,
            timestamp: time
        )
        _ = try await fleet.api.postMetric(.init(body: .metricSample(sample)))
    }

    private func stored(in fleet: Fleet) async throws -> String {
        let query = Query<String>(
            Statement(
                name: "stored",
                parameterTypes: [],
                sql: "SELECT coalesce(string_agg(value::text, ' ' ORDER BY ts), '') FROM metric_samples"
            ),
            bind: { _ in },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
        return try await fleet.database.run(query)
    }

    @Test func `samples are stored exactly, and a repeated time replaces the value`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let time = Timestamp.now
            try await post("0.1", at: time, in: fleet)
            try await post("12345678901234567890.123456789012345678", at: time.adding(seconds: 1), in: fleet)
            try await post("0.3", at: time, in: fleet)
            #expect(try await stored(in: fleet) == "0.3 12345678901234567890.123456789012345678")
        }
    }

    @Test func `an unknown instance is rejected and nothing is stored`() async throws {
        try await Fleet.with { fleet in
            let problem = await #expect(throws: Problem.self) { try await post("1", at: .now, to: "ghost", in: fleet) }
            #expect(problem?.status == 404)
            #expect(problem?.detail == "instance not found")
            let values = try await stored(in: fleet)
            #expect(values == "")
        }
    }

    @Test func `concurrent samples are all stored, and unknown instances among them are rejected alone`()
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let start = Timestamp.now.adding(seconds: -200)
            let refused = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let instanceID = index % 10 == 0 ? "ghost" : "i1"
                        do {
                            try await post("1", at: start.adding(seconds: Int64(index)), to: instanceID, in: fleet)
                            return false
                        } catch {
                            return true
                        }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(refused == 20)
            #expect(try await stored(in: fleet).split(separator: " ").count == 180)
        }
    }

    @Test func `series numbers outlive a connection, unless the database is an older copy`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            func post(_ type: String, _ value: Int) async throws {
                let sample = MetricSample(
                    instanceID: "i1",
                    symbol: "BTC",
                    metricType: type,
                    value: Decimal(value),
                    timestamp: .now
                )
                _ = try await fleet.api.postMetric(.init(body: .metricSample(sample)))
            }
            /// Ends the other connections of the pool, and waits until it notices.
            func reconnect() async throws {
                let connections = fleet.database.statistics.connections
                _ = try? await fleet.database.run(
                    Query(
                        sql: """
                            SELECT pg_terminate_backend(pid)
                            FROM pg_stat_activity
                            WHERE datname = current_database()
                                AND backend_type = 'client backend'
                                AND pid <> pg_backend_pid()
                            """
                    )
                )
                // A connection notices its end when it is used.
                while fleet.database.statistics.connections == connections {
                    await withTaskGroup(of: Void.self) { group in
                        for _ in 0..<4 {
                            group.addTask { _ = try? await fleet.database.run(Query(sql: "SELECT pg_sleep(0.05)")) }
                        }
                    }
                }
            }
            try await post("a", 1)
            try await post("b", 2)
            // A lookup of the series in the database finds none with this name.
            _ = try await fleet.database.run(
                Query(sql: "UPDATE metric_series SET metric_type = 'renamed' WHERE metric_type = 'b'")
            )
            try await reconnect()
            try await post("b", 3)
            #expect(try await fleet.text("SELECT count(*)::text FROM metric_series") == "2")
            #expect(
                try await fleet.text("SELECT value::text FROM metric_latest ORDER BY series_id DESC LIMIT 1") == "3"
            )
            // A copy from before the second series.
            _ = try await fleet.text("SELECT setval(pg_get_serial_sequence('metric_series', 'series_id'), 1)::text")
            _ = try await fleet.database.run(Query(sql: "DELETE FROM metric_latest WHERE series_id = 2"))
            _ = try await fleet.database.run(Query(sql: "DELETE FROM metric_series WHERE series_id = 2"))
            try await reconnect()
            try await post("b", 4)
            #expect(
                try await fleet.text("SELECT string_agg(metric_type, ' ' ORDER BY series_id) FROM metric_series")
                    == "a b"
            )
        }
    }
}
