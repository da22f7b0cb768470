import ContractRuntime
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

/// The maintenance of stored data: sums, rollups, partitions.
@Suite struct MaintenanceTests {
    private func text(_ sql: String, in fleet: Fleet) async throws -> String {
        try await fleet.text(sql)
    }

    private func store(_ value: String, at time: Timestamp, type: String = "m", in fleet: Fleet) async throws {
        let sample = MetricSample(
            instanceID: "i1",
            symbol: "BTC",
            metricType: type,
            value: try #require(Decimal(value)),
            timestamp: time
        )
        _ = try await fleet.api.postMetric(.init(body: .metricSample(sample)))
    }

    /// The start of the five-minute bucket that ended the given number of minutes ago.
    private func bucket(minutesAgo minutes: Int64) -> Timestamp {
        let step: Int64 = 300_000_000
        let now = Timestamp.now.microsecondsSinceEpoch
        return Timestamp(microsecondsSinceEpoch: (now - minutes * 60_000_000) / step * step)
    }

    private static let rollup = """
        SELECT coalesce(
            string_agg(concat_ws(' ', samples, sum, min, max, first, last, last_at - ts), ', ' ORDER BY ts), 'none')
        FROM metric_5m
        """

    @Test func `samples of five minutes become one row, and a late one updates it`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let start = bucket(minutesAgo: 20)
            try await store("5", at: start, in: fleet)
            try await store("2", at: start.adding(seconds: 60), in: fleet)
            try await store("0.5", at: start.adding(seconds: 300), in: fleet)
            try await store("9", at: .now, in: fleet)
            try await fleet.api.maintain()
            #expect(try await text(Self.rollup, in: fleet) == "2 7 2 5 5 2 00:01:00, 1 0.5 0.5 0.5 0.5 0.5 00:00:00")
            try await store("1", at: start.adding(seconds: 30), in: fleet)
            try await store("4", at: start.adding(seconds: 60), in: fleet)
            try await fleet.api.maintain()
            #expect(try await text(Self.rollup, in: fleet) == "3 10 1 5 5 4 00:01:00, 1 0.5 0.5 0.5 0.5 0.5 00:00:00")
            // Hours are rolled up from five-minute rows, so they have as many samples.
            #expect(try await text("SELECT sum(samples) || ' ' || sum(sum) FROM metric_1h", in: fleet) == "4 10.5")
        }
    }

    @Test func `a late sample updates only its own five minutes`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let start = bucket(minutesAgo: 20)
            for (second, value) in [(0, "1"), (300, "2"), (600, "4")] {
                try await store(value, at: start.adding(seconds: Int64(second)), type: "equity", in: fleet)
            }
            try await store("8", at: .now, type: "equity", in: fleet)
            try await fleet.api.maintain()
            // The five minutes of the newest sample may end during the test.
            let changes = """
                SELECT string_agg(trim_scale(change) || '/' || samples, ' ' ORDER BY ts)
                FROM equity_changes
                WHERE symbol = '' AND ts < '\(start.adding(seconds: 900))'
                """
            #expect(try await text(changes, in: fleet) == "1/1 1/1 2/1")
            let versions = """
                SELECT string_agg(xmin::text, ' ' ORDER BY ts)
                FROM metric_5m
                WHERE ts > (SELECT min(ts) FROM metric_5m) AND ts < '\(start.adding(seconds: 900))'
                """
            let others = try await text(versions, in: fleet)
            try await store("1.5", at: start.adding(seconds: 60), type: "equity", in: fleet)
            try await fleet.api.maintain()
            let rolled = "2 2.5 1 1.5 1 1.5 00:01:00, 1 2 2 2 2 2 00:00:00, 1 4 4 4 4 4 00:00:00"
            #expect(try await text("\(Self.rollup) WHERE ts < '\(start.adding(seconds: 900))'", in: fleet) == rolled)
            #expect(try await text(versions, in: fleet) == others)
            // The change after it starts where it ends.
            #expect(try await text(changes, in: fleet) == "1.5/2 0.5/1 2/1")
            let totals = "SELECT sum(samples) || ' ' || sum(sum) FROM"
            #expect(try await text("\(totals) metric_1h", in: fleet) == text("\(totals) metric_5m", in: fleet))
        }
    }

    @Test func `samples that are on time do not wait for a rollup`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await store("1", at: bucket(minutesAgo: 20), in: fleet)
            let rolling = Task {
                _ = try await fleet.database.run(Query(sql: "SELECT touch_closed_buckets(500)"))
                try await fleet.database.transaction(within: .seconds(30)) { transaction in
                    _ = try transaction.run(Query(sql: "SELECT roll_buckets(500)"))
                    _ = try transaction.run(Query(sql: "SELECT pg_sleep(4)"))
                }
            }
            let isRolling = """
                SELECT count(*)::text
                FROM pg_stat_activity
                WHERE datname = current_database()
                    AND state = 'active'
                    AND query = 'SELECT pg_sleep(4)'
                """
            while try await text(isRolling, in: fleet) == "0" {}
            try await store("2", at: .now, in: fleet)
            #expect(try await text(isRolling, in: fleet) == "1", "the sample waited for the rollup")
            try await rolling.value
            let values = "SELECT string_agg(value::text, ' ' ORDER BY ts) FROM metric_samples"
            #expect(try await text(values, in: fleet) == "1 2")
        }
    }

    @Test func `whole days are removed, and the last sample of each five minutes stays in the series`() async throws {
        var configuration = API.Configuration()
        configuration.metricDays = (30, 90, 1_827)
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat()
            try await fleet.api.maintain()
            let start = Timestamp(microsecondsSinceEpoch: bucket(minutesAgo: 10 * 24 * 60).microsecondsSinceEpoch)
            for (second, value) in [(0, "1"), (120, "2.5"), (300, "3")] {
                try await store(value, at: start.adding(seconds: Int64(second)), in: fleet)
            }
            try await store("4", at: .now, in: fleet)
            try await fleet.api.maintain()
            func series() async throws -> [String] {
                let input = GetSeries.Input(
                    instanceID: "i1",
                    metricType: "m",
                    symbol: "BTC",
                    principal: fleet.operatorPrincipal
                )
                switch try await fleet.api.getSeries(input) {
                case .ok(let series): return series.points.map(\.value.description)
                }
            }
            #expect(try await series() == ["1", "2.5", "3", "4"])
            let partitions = "SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'metric_samples'::regclass"
            let kept = try #require(Int(try await text(partitions, in: fleet)))
            configuration.metricDays = (7, 90, 1_827)
            let schema = SchemaState()
            schema.confirm(version: Migration.all.count)
            func restarted() -> API {
                API(
                    database: fleet.database,
                    schema: schema,
                    configuration: configuration,
                    logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
                )
            }
            try await restarted().maintain()
            #expect(try await text(partitions, in: fleet) == String(kept - 23))
            #expect(try await series() == ["2.5", "3", "4"])
            #expect(try await text("SELECT count(*)::text FROM metric_samples", in: fleet) == "1")
            // Removed data does not come back with a longer retention, and a late sample removes nothing.
            configuration.metricDays = (30, 90, 1_827)
            try await restarted().maintain()
            #expect(try await series() == ["2.5", "3", "4"])
            let fine = try await text(Self.rollup, in: fleet)
            try await store("9", at: start.adding(seconds: 60), in: fleet)
            try await restarted().maintain()
            #expect(try await text(Self.rollup, in: fleet) == fine)
        }
    }

    @Test func `a sample that arrived before its day had a partition is moved there`() async throws {
        try await Fleet.with(.acceptingAnyTime) { fleet in
            try await fleet.beat()
            try await store("7", at: Timestamp.now.adding(seconds: 9 * 86_400), in: fleet)
            #expect(try await text("SELECT count(*)::text FROM metric_samples_rest", in: fleet) == "1")
            _ = try await fleet.database.run(
                Query(sql: "SELECT arrange_partitions('metric_samples', '1 day', 10, '7 days')")
            )
            #expect(try await text("SELECT count(*)::text FROM metric_samples_rest", in: fleet) == "0")
            #expect(try await text("SELECT string_agg(value::text, ' ') FROM metric_samples", in: fleet) == "7")
        }
    }

    @Test func `a table without a partition for tomorrow has an alert until it has one`() async throws {
        try await Fleet.with { fleet in
            let tomorrow = """
                DO $$ BEGIN
                    EXECUTE 'DROP TABLE metric_samples_'
                        || to_char(date_trunc('day', now(), 'UTC') AT TIME ZONE 'UTC' + interval '1 day', 'YYYYMMDDHH24');
                END $$
                """
            _ = try await fleet.database.run(Query(sql: tomorrow))
            // A long-running reader keeps the server from creating it again.
            let alerts = "SELECT string_agg(target_id || ' ' || severity || ' ' || status, ', ') FROM alerts"
            let holding = Task {
                try await fleet.database.transaction(within: .seconds(30)) { transaction in
                    _ = try transaction.run(Query(sql: "SELECT count(*) FROM metric_samples"))
                    _ = try transaction.run(Query(sql: "SELECT pg_sleep(3)"))
                }
            }
            let held =
                "SELECT count(*)::text FROM pg_locks WHERE relation = 'metric_samples'::regclass AND mode = 'AccessShareLock'"
            while try await text(held, in: fleet) == "0" {}
            try await fleet.api.maintain()
            #expect(try await text(alerts, in: fleet) == "metric_samples CRITICAL OPEN")
            try await holding.value
            try await fleet.api.maintain()
            #expect(try await text(alerts, in: fleet) == "metric_samples CRITICAL RESOLVED")
        }
    }

    @Test func `sums are exact before and after new rows are added`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            func book(_ amount: String) async throws {
                let entry = CostEntry(
                    instanceID: "i1",
                    symbol: "BTC",
                    costType: .fee,
                    amount: try #require(Decimal(amount)),
                    timestamp: .now
                )
                _ = try await fleet.api.postCost(.init(body: .costEntry(entry)))
                let sample = ExecutionSample(
                    instanceID: "i1",
                    symbol: "BTC",
                    slippageBps: try #require(Decimal(amount)),
                    latencyMs: Decimal(80),
                    fillRatio: Decimal(1),
                    timestamp: .now
                )
                _ = try await fleet.api.postExecutionSample(.init(body: .executionSample(sample)))
            }
            func figures() async throws -> String {
                let pnl = try await fleet.api.getNetPnl(.init(principal: fleet.operatorPrincipal))
                let quality = try await fleet.api.getExecutionQuality(.init(principal: fleet.operatorPrincipal))
                guard case (.ok(let pnl), .ok(let quality)) = (pnl, quality) else { return "" }
                return "\(pnl.fees?.description ?? "-") \(quality.samples) \(quality.avgSlippageBps)"
            }
            try await book("0.1")
            try await book("0.2")
            #expect(try await figures() == "0.3 2 0.15")
            try await fleet.api.maintain()
            #expect(try await figures() == "0.3 2 0.15")
            try await book("0.9")
            #expect(try await figures() == "1.2 3 0.4")
            // While rows are added to the sums, nothing is counted twice or omitted.
            async let summed: Void = untilSummed("3", in: fleet)
            for _ in 0..<20 { #expect(try await figures() == "1.2 3 0.4") }
            try await summed
            #expect(try await figures() == "1.2 3 0.4")
        }
    }

    @Test func `a dump that is restored where transactions have lower numbers loses nothing`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            func book(_ id: String) async throws {
                var entry = CostEntry(
                    instanceID: "i1",
                    symbol: "BTC",
                    costType: .fee,
                    amount: Decimal(1),
                    timestamp: .now
                )
                entry.entryID = id
                _ = try await fleet.api.postCost(.init(body: .costEntry(entry)))
                var sample = ExecutionSample(
                    instanceID: "i1",
                    symbol: "BTC",
                    slippageBps: Decimal(1),
                    latencyMs: Decimal(80),
                    fillRatio: Decimal(1),
                    timestamp: .now
                )
                sample.sampleID = id
                _ = try await fleet.api.postExecutionSample(.init(body: .executionSample(sample)))
            }
            func figures() async throws -> String {
                let pnl = try await fleet.api.getNetPnl(.init(principal: fleet.operatorPrincipal))
                let quality = try await fleet.api.getExecutionQuality(.init(principal: fleet.operatorPrincipal))
                guard case (.ok(let pnl), .ok(let quality)) = (pnl, quality) else { return "" }
                return "\(pnl.fees?.description ?? "-") \(quality.samples)"
            }
            // The rows and the horizon of another cluster with higher numbers. One row is summed, one is not.
            try await book("summed")
            try await untilSummed("1", in: fleet)
            try await book("not summed")
            let far = [
                "UPDATE cost_entries SET xid = CASE entry_id WHEN 'summed' THEN '900000000000' ELSE '900000000002' END::xid8",
                "UPDATE execution_samples SET xid = CASE sample_id WHEN 'summed' THEN '900000000000' ELSE '900000000002' END::xid8",
                "UPDATE sum_horizons SET xid = '900000000001', home = 'another cluster'",
            ]
            for statement in far { _ = try await fleet.database.run(Query(sql: statement)) }
            try await book("new")
            #expect(try await figures() == "3 3")
            let versions = """
                SELECT string_agg(version, ' ' ORDER BY version)
                FROM (
                    SELECT 'cost ' || ordinal || ' ' || xmin AS version FROM cost_entries
                    UNION ALL
                    SELECT 'sample ' || ordinal || ' ' || xmin FROM execution_samples
                ) AS row
                """
            let written = try await text(versions, in: fleet)
            try await fleet.api.maintain()
            #expect(try await figures() == "3 3")
            #expect(try await text("SELECT sum(entries)::text FROM cost_balances", in: fleet) == "3")
            #expect(try await text("SELECT samples::text FROM execution_totals WHERE symbol = 'BTC'", in: fleet) == "3")
            #expect(try await text(versions, in: fleet) == written, "rows were written again")
            try await book("newer")
            #expect(try await figures() == "4 4")
            try await untilSummed("4", in: fleet)
            try await book("newest")
            #expect(try await figures() == "5 5")
            // The transaction numbers of this cluster reach those of the rows, which are not summed again.
            let reached = [
                "UPDATE cost_entries SET xid = pg_snapshot_xmax(pg_current_snapshot()) WHERE entry_id = 'summed'",
                "UPDATE execution_samples SET xid = pg_snapshot_xmax(pg_current_snapshot()) WHERE sample_id = 'summed'",
            ]
            for statement in reached { _ = try await fleet.database.run(Query(sql: statement)) }
            #expect(try await figures() == "5 5")
            try await untilSummed("5", in: fleet)
            #expect(try await figures() == "5 5")
        }
    }

    /// Sums until the given number of costs is summed. Older transactions in the whole cluster, which all tests share, hold the sums back.
    private func untilSummed(_ entries: String, in fleet: Fleet) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        repeat {
            try await fleet.api.maintain()
            let summed = try await text("SELECT coalesce(sum(entries), 0)::text FROM cost_balances", in: fleet)
            if summed == entries { return }
            try await Task.sleep(for: .milliseconds(50))
        } while ContinuousClock.now < deadline
        Issue.record("not all costs are summed")
    }

    @Test func `exposure is the sum of positions, whatever happens to them and their instances`() async throws {
        try await Fleet.with { fleet in
            var generator = SplitMix()
            for instance in 0..<4 { try await fleet.beat("i\(instance)", at: Timestamp.now.adding(seconds: -1)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<200 {
                    let instance = "i\(Int.random(in: 0..<4, using: &generator))"
                    let (symbol, amount) = (
                        "S\(Int.random(in: 0..<3, using: &generator))", Int.random(in: -50...50, using: &generator)
                    )
                    let currency = ["USDT", "BTC", nil].randomElement(using: &generator)?.flatMap(\.self)
                    let mode: RuntimeMode = Bool.random(using: &generator) ? .live : .paper
                    group.addTask {
                        if round % 10 == 0 { return try await fleet.beat(instance, mode: mode) }
                        let report = PositionReport(
                            instanceID: instance,
                            symbol: symbol,
                            netExposure: Decimal(amount),
                            grossExposure: Decimal(abs(amount)),
                            currency: currency,
                            updatedAt: .now
                        )
                        _ = try await fleet.api.postPosition(.init(body: .positionReport(report)))
                    }
                }
                try await group.waitForAll()
            }
            let difference = """
                WITH held AS (
                    SELECT
                        positions.symbol, currency, live.runtime_mode, sum(net_exposure) AS net, sum(gross_exposure) AS gross,
                        count(*) AS positions
                    FROM positions JOIN instance_live AS live USING (instance_id)
                    GROUP BY 1, 2, 3
                ),
                known AS (
                    SELECT symbol, currency, runtime_mode, sum(net) AS net, sum(gross) AS gross, sum(positions) AS positions
                    FROM exposure_totals
                    GROUP BY 1, 2, 3
                    HAVING sum(positions) <> 0
                )
                SELECT count(*)::text
                FROM held
                FULL JOIN known USING (symbol, currency, runtime_mode)
                WHERE (held.net, held.gross, held.positions) IS DISTINCT FROM (known.net, known.gross, known.positions)
                """
            #expect(try await text(difference, in: fleet) == "0")
            // Rows that ended connections left are merged.
            _ = try await fleet.database.run(Query(sql: "UPDATE exposure_totals SET slot = -slot WHERE slot > 0"))
            try await fleet.api.maintain()
            #expect(try await text(difference, in: fleet) == "0")
            #expect(try await text("SELECT count(*)::text FROM exposure_totals WHERE slot <> 0", in: fleet) == "0")
        }
    }

    @Test func `shares of exposure do not grow with the number of connections`() async throws {
        try await Fleet.with { fleet in
            // Three live processes, whichever they are, have a share of S1, and two of S2.
            let shares = """
                INSERT INTO exposure_totals (symbol, runtime_mode, slot, net, gross, positions)
                SELECT symbol, 'LIVE', pid, 1, 1, 1
                FROM (SELECT pid, row_number() OVER (ORDER BY pid) AS place FROM pg_stat_activity) AS process
                CROSS JOIN (VALUES ('S1', 3), ('S2', 2)) AS part (symbol, shares)
                WHERE place <= shares
                """
            _ = try await fleet.database.run(Query(sql: shares))
            #expect(try await text("SELECT gather_exposure(10000, 2)::text", in: fleet) == "3")
            let left = """
                SELECT string_agg(concat_ws(' ', symbol, count, net), ', ' ORDER BY symbol)
                FROM (SELECT symbol, count(*), sum(net) AS net FROM exposure_totals GROUP BY symbol) AS total
                """
            #expect(try await text(left, in: fleet) == "S1 1 3, S2 2 2")
        }
    }

    @Test func `bots and instances are counted as they register and move`() async throws {
        try await Fleet.with { fleet in
            for instance in 0..<3 { try await fleet.beat("i\(instance)", bot: "b\(instance % 2)") }
            var page = try await fleet.bots()
            #expect([page.total, page.totalBots] == [3, 2])
            // b1 loses its only instance, but keeps its row.
            _ = try await fleet.database.run(Query(sql: "UPDATE instances SET bot_id = 'b0' WHERE instance_id = 'i1'"))
            page = try await fleet.bots()
            #expect([page.total, page.totalBots, page.items.count] == [4, 2, 4])
        }
    }

    @Test func `the last half minute is recorded once for each instance with a heartbeat`() async throws {
        try await Fleet.with { fleet in
            // A half minute that began after the heartbeats would be recorded, too.
            let rest = "SELECT (30 - extract(epoch FROM now())::numeric % 30)::text"
            if let seconds = Double(try await text(rest, in: fleet)), seconds < 15 {
                try await Task.sleep(for: .seconds(seconds))
            }
            try await fleet.beat("heard")
            try await fleet.beat("silent")
            _ = try await text(
                """
                WITH heard AS (
                    UPDATE instance_live SET last_received_at = now() - interval '5 minutes' WHERE instance_id = 'silent'
                ),
                there AS (
                    UPDATE instances SET created_at = now() - interval '5 minutes'
                )
                UPDATE presence_horizon SET since = now() - interval '10 minutes' RETURNING 'moved'
                """,
                in: fleet
            )
            try await fleet.api.maintain()
            try await fleet.api.maintain()
            #expect(
                try await text("SELECT presence('heard', 3) || ' ' || presence('silent', 3)", in: fleet) == "001 000"
            )
            // Nothing is known about the time before the instance existed.
            #expect(try await text("SELECT left(presence('heard', 20), 4)", in: fleet) == "----")
            #expect(try await text("SELECT count(*)::text FROM heartbeat_presence", in: fleet) == "1")
            guard case .ok(let page) = try await fleet.api.listInstances(.init(sort: .bot)) else {
                throw UnexpectedOutput()
            }
            #expect(page.items.map { $0.presence.suffix(9) } == ["000000001", "000000000"])
            #expect(page.items.allSatisfy { $0.presence.count == 120 && $0.presence.hasPrefix("-") })
            guard case .ok(let day) = try await fleet.api.getPresence(.init(instanceID: "heard", hours: 1)) else {
                throw UnexpectedOutput()
            }
            #expect(day.slots == page.items[0].presence)
            let age = Timestamp.now.microsecondsSinceEpoch - day.until.microsecondsSinceEpoch
            #expect((0..<60_000_000).contains(age))
            // Half minutes are on either side of midnight, too.
            let bits = "SELECT length(presence('heard', 2880)) || ' ' || right(presence('heard', 2880), 2)"
            #expect(try await text(bits, in: fleet) == "2880 01")
        }
    }

    @Test func `the fleet's equity is recorded once per minute, by mode and currency, with the values known then`()
        async throws
    {
        try await Fleet.with { fleet in
            func report(_ value: Int, of instance: String, in currency: String? = nil) async throws {
                let sample = MetricSample(
                    instanceID: instance,
                    symbol: "BTC",
                    metricType: "equity",
                    value: Decimal(value),
                    timestamp: .now,
                    currency: currency
                )
                _ = try await fleet.api.postMetric(.init(body: .metricSample(sample)))
            }
            func curve(_ mode: RuntimeMode? = nil, in currency: String? = nil) async throws -> [String] {
                switch try await fleet.api.getFleetEquity(.init(mode: mode, currency: currency, stepSeconds: 60)) {
                case .ok(let curve): curve.points.map { "\($0.equity) \($0.drawdownPct)" }
                }
            }
            /// Moves the records a minute back, as if a minute had passed.
            func pass() async throws {
                let sql =
                    "WITH moved AS (UPDATE fleet_equity SET ts = ts - interval '1 minute' RETURNING ts) SELECT count(*)::text FROM moved"
                _ = try await text(sql, in: fleet)
            }
            try await fleet.beat("i1", mode: .live)
            try await fleet.beat("i2", mode: .live)
            try await fleet.beat("i3", mode: .paper)
            try await fleet.api.maintain()
            #expect(try await curve().isEmpty)
            try await report(100, of: "i1")
            try await report(60, of: "i2")
            try await report(1_000, of: "i3")
            try await fleet.api.maintain()
            #expect(try await curve(.live) == ["160 0.0"])
            // The minute is recorded; later reports belong to the next one.
            try await report(20, of: "i2")
            try await fleet.api.maintain()
            #expect(try await curve(.live) == ["160 0.0"])
            try await pass()
            try await fleet.api.maintain()
            #expect(try await curve(.live) == ["160 0.0", "120 0.25"])
            #expect(try await curve() == ["1160 0.0", "1120 \(40.0 / 1160)"])
            let points = try await fleet.api.getFleetEquity(.init(stepSeconds: 60)).body.points
            #expect(points.map(\.instances) == [3, 3])
            // Currencies are not added up, and without a currency of the books none is preferred.
            try await pass()
            try await report(7, of: "i3", in: "USDT")
            try await fleet.api.maintain()
            #expect(try await curve(.paper).isEmpty)
            #expect(try await curve(.paper, in: "USDT") == ["7 0.0"])
        }
    }

    /// The number of five-minute buckets per mode, and how many of them have a booked equity that differs from the value known at their
    /// end.
    private static let differences = """
        WITH held AS (
            SELECT
                bucket.ts, runtime_mode,
                sum((
                    SELECT value
                    FROM metric_samples AS sample
                    WHERE sample.series_id = series.series_id AND sample.ts < bucket.ts + interval '5 minutes'
                    ORDER BY ts DESC
                    LIMIT 1
                )) AS equity
            FROM (SELECT DISTINCT date_bin('5 minutes', ts, '2000-01-01T00:00:00Z') AS ts FROM metric_samples) AS bucket
            CROSS JOIN metric_series AS series
            JOIN instance_live USING (instance_id)
            WHERE bucket.ts < date_bin('5 minutes', now(), '2000-01-01T00:00:00Z')
            GROUP BY 1, 2
        ),
        booked AS (
            SELECT ts, runtime_mode, sum(sum(change)) OVER (PARTITION BY runtime_mode ORDER BY ts) AS equity
            FROM equity_changes
            WHERE symbol <> ''
            GROUP BY 1, 2
        ),
        together AS (
            SELECT ts, runtime_mode, sum(change) OVER (PARTITION BY runtime_mode ORDER BY ts) AS equity
            FROM equity_changes
            WHERE symbol = ''
        )
        SELECT count(*) || ' ' || count(*) FILTER (WHERE held.equity <> booked.equity OR held.equity <> together.equity)
        FROM held
        FULL JOIN booked USING (ts, runtime_mode)
        FULL JOIN together USING (ts, runtime_mode)
        """

    @Test func `the equity of many samples is that of every five minutes, despite late samples and changed modes`()
        async throws
    {
        try await Fleet.with { fleet in
            let start = bucket(minutesAgo: 6 * 60)
            func report(_ value: Int, of instance: String, at time: Timestamp) throws -> JSONObject {
                let text = """
                    {"instance_id":"\(instance)","symbol":"S\(instance)","metric_type":"equity","value":\(value),"timestamp":"\(time)"}
                    """
                return try #require(JSONObject(text))
            }
            func store(_ samples: [JSONObject]) async throws {
                _ = try await fleet.api.postMetric(.init(body: .array(samples)))
                try await fleet.api.maintain()
            }
            func curve() async throws -> EquityCurve {
                switch try await fleet.api.getEquityCurve(.init(limit: 10_000, principal: fleet.operatorPrincipal)) {
                case .ok(let curve): curve
                }
            }
            try await fleet.beat("1", mode: .live)
            try await store([try report(1, of: "1", at: start)])
            #expect(try await curve().resolution == .everySample)
            // A sample of each of three instances every three seconds: more than are listed individually.
            var random = SplitMix()
            for (instance, mode) in [("1", RuntimeMode.live), ("2", .live), ("3", .paper)] {
                try await fleet.beat(instance, mode: mode)
                for chunk in stride(from: 0, to: 7_000, by: 1_000) {
                    try await store(
                        (chunk..<chunk + 1_000).map { index in
                            let time = start.adding(seconds: Int64(index) * 3)
                            return try report(Int.random(in: 1...1_000, using: &random), of: instance, at: time)
                        }
                    )
                }
            }
            #expect(try await text(Self.differences, in: fleet) == "140 0")
            let large = try await curve()
            #expect(large.points.count == 70)
            #expect(large.resolution == .fiveMinutes)
            // Late samples: two change the last value of a bucket, and one replaces another sample.
            for (instance, second) in [("1", Int64(299)), ("2", 10_000), ("3", 20_999), ("1", 600)] {
                try await store([try report(5_000, of: instance, at: start.adding(seconds: second))])
            }
            #expect(try await text(Self.differences, in: fleet) == "140 0")
            let newest = try ["1", "2", "3"].map { try report(7, of: $0, at: .now) }
            try await store(newest)
            let points = try await curve().points
            #expect(points.count == 71)
            #expect(points.last?.equity.description == "21")
            // The second is on paper now, and with its next rollup always was.
            try await fleet.beat("2", mode: .paper)
            try await store([try report(1, of: "2", at: start.adding(seconds: 1))])
            #expect(try await text(Self.differences, in: fleet) == "140 0")
            let fall =
                switch try await fleet.api.getEquityDrawdown(.init(principal: fleet.operatorPrincipal)) {
                case .ok(let drawdown): drawdown
                }
            #expect(fall.resolution == .fiveMinutes)
            #expect(fall.samples == 21_004)
            #expect(fall.latestEquity?.description == "21")
            let peak = try #require(points.map(\.equity).max())
            #expect(fall.peakEquity == peak)
            // Old data is kept by the hour, and has the same sums.
            let sums = "SELECT sum(change) || ' ' || sum(samples) FROM equity_changes"
            let before = try await text(sums, in: fleet)
            _ = try await text("SELECT arrange_metrics('7 days', '-1 days', '1827 days')::text", in: fleet)
            #expect(try await text(sums, in: fleet) == before)
            let hours = try await text(
                "SELECT count(DISTINCT ts) || ' ' || bool_and(ts = date_trunc('hour', ts)) FROM equity_changes",
                in: fleet
            )
            #expect(["6 true", "7 true"].contains(hours))
        }
    }
}
