import ContractRuntime
import Generated
import Handlers
import Postgres
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

    @Test func `samples are kept exactly, and the same time again replaces the value`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let time = Timestamp.now
            try await post("0.1", at: time, in: fleet)
            try await post("12345678901234567890.123456789012345678", at: time.adding(seconds: 1), in: fleet)
            try await post("0.3", at: time, in: fleet)
            #expect(try await stored(in: fleet) == "0.3 12345678901234567890.123456789012345678")
        }
    }

    @Test func `an unknown instance is refused and nothing is stored`() async throws {
        try await Fleet.with { fleet in
            let problem = await #expect(throws: Problem.self) { try await post("1", at: .now, to: "ghost", in: fleet) }
            #expect(problem?.status == 404)
            #expect(problem?.detail == "instance not found")
            let values = try await stored(in: fleet)
            #expect(values == "")
        }
    }

    @Test func `samples that come at once are all stored, and unknown instances among them are refused alone`()
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
}
