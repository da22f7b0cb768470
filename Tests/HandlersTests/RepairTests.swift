import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Rows that servers of earlier releases wrote during a migration are repaired.
@Suite struct RepairTests {
    @Test func `positions without a mode and samples older than the newest are processed`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat(mode: .live)
            let report = PositionReport(
                instanceID: "i1",
                symbol: "BTC",
                netExposure: Decimal(5),
                grossExposure: Decimal(5),
                updatedAt: .now
            )
            _ = try await fleet.api.postPosition(.init(body: .positionReport(report)))
            for (type, minute) in [("kept", 30), ("kept", 20), ("lost", 20)] {
                let sample = MetricSample(
                    instanceID: "i1",
                    symbol: "BTC",
                    metricType: type,
                    value: Decimal(minute),
                    timestamp: Timestamp.now.adding(seconds: Int64(-60 * minute))
                )
                _ = try await fleet.api.postMetric(.init(body: .metricSample(sample)))
            }
            try await fleet.api.maintain()
            // As a server of 1.1 stored them.
            for statement in [
                "UPDATE positions SET runtime_mode = NULL",
                "DELETE FROM metric_latest WHERE series_id = (SELECT series_id FROM metric_series WHERE metric_type = 'lost')",
                "DELETE FROM metric_5m",
                """
                INSERT INTO metric_samples
                SELECT series_id, now() - interval '10 minutes', 10
                FROM metric_series
                WHERE metric_type = 'kept'
                """,
            ] { _ = try await fleet.database.run(Query(sql: statement)) }
            let exposure = "SELECT coalesce(sum(net), 0)::text FROM exposure_totals WHERE runtime_mode = 'LIVE'"
            #expect(try await fleet.text(exposure) == "0")
            let repairs = try #require(Migration.all.first { $0.name.hasSuffix("repairs") })
            for _ in 1...2 {
                try await fleet.database.transaction(within: .seconds(10)) { transaction in
                    for statement in repairs.sql.split(separator: ";\n") {
                        _ = try transaction.run(Query(sql: String(statement)))
                    }
                }
            }
            #expect(try await fleet.text(exposure) == "5")
            let newest = """
                SELECT string_agg(metric_type || ' ' || value, ', ' ORDER BY metric_type)
                FROM metric_latest
                JOIN metric_series USING (series_id)
                """
            #expect(try await fleet.text(newest) == "kept 10, lost 20")
            // Samples that were not rolled up are rolled up now.
            try await fleet.api.maintain()
            let rolled = """
                SELECT string_agg(metric_type || ' ' || last, ', ' ORDER BY metric_type, ts)
                FROM metric_5m
                JOIN metric_series USING (series_id)
                """
            #expect(try await fleet.text(rolled) == "kept 20, kept 10, lost 20")
        }
    }
}
