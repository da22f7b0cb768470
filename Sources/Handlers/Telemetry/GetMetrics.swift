public import ContractRuntime
public import Generated
import Postgres

extension API {
    /// Returns the metrics of this process, and those of the database if it is available.
    public func getMetrics(_ input: GetMetrics.Input) async throws(Problem) -> GetMetrics.Output {
        var text = PrometheusText()
        telemetry.write(to: &text)
        text.add(database.statistics)
        let rows = try? await run(.stateFigures())
        text.gauge("flotilla_database_up", "Whether the database is available.", [("", rows == nil ? 0 : 1)])
        text.add(rows ?? [])
        let limits = configuration.clientLimits
        if rows != nil, let figures = try? await run(.boundFigures(hourly: limits.registrationsPerHour)) {
            text.gauge("flotilla_instances_retired", "Retired instances.", [("", Double(figures.retired))])
            let registered = Double(limits.registrationsPerHour) - Double(figures.room)
            text.gauge(
                "flotilla_registrations",
                "Registrations that count towards the limit.",
                [("", max(registered, 0))]
            )
        }
        if rows != nil {
            await add(jobs: &text)
            await add(horizon: &text)
            await add(audit: &text)
        }
        text.gauge(
            "flotilla_registrations_limit",
            "REGISTRATIONS_PER_HOUR.",
            [("", Double(limits.registrationsPerHour))]
        )
        text.gauge("flotilla_instances_limit", "INSTANCES_MAX.", [("", Double(limits.instances))])
        text.gauge("flotilla_event_streams", "Open event streams.", [("", Double(hub.count))])
        text.gauge("flotilla_event_streams_limit", "EVENT_STREAMS.", [("", Double(limits.eventStreams))])
        if let disk = configuration.clusterFolder.flatMap({ DiskSpace(at: $0) }) {
            text.gauge("flotilla_disk_free_bytes", "Free space on the disk of DATA_DIR.", [("", Double(disk.free))])
            text.gauge("flotilla_disk_bytes", "The size of the disk of DATA_DIR.", [("", Double(disk.total))])
        }
        if let lag = await analyticsLag() {
            text.gauge(
                "flotilla_analytics_lag_seconds",
                "The lag of the database that analytics are read from.",
                [("", lag)]
            )
        }
        return .ok(text.text)
    }
}

extension API {
    /// How long the oldest transaction has held back events and sums; absent if the role may not read it.
    private func add(horizon text: inout PrometheusText) async {
        guard let age = try? await run(.horizonAge()) else { return }
        text.gauge(
            "flotilla_transaction_horizon_age_seconds",
            "The age of the oldest transaction in the cluster that holds back events and sums.",
            [("", max(age, 0))]
        )
    }

    /// The number of months of the audit log that wait for their export.
    private func add(audit text: inout PrometheusText) async {
        var months = 0
        if let days = configuration.auditDays {
            guard let waiting = try? await run(.auditMonthsWaiting(days: days)) else { return }
            months = waiting
        }
        text.gauge(
            "flotilla_audit_months_waiting",
            "Months of the audit log that are older than AUDIT_DAYS and not exported.",
            [("", Double(months))]
        )
    }

    /// When jobs last succeeded, and the offset between the clocks of this server and the database.
    private func add(jobs text: inout PrometheusText) async {
        if let ages = try? await run(.jobAges()) {
            text.gauge(
                "flotilla_job_success_age_seconds",
                "The time since a job last succeeded on any server.",
                ages.map { (#"{name="\#($0.name)"}"#, $0.seconds) }
            )
        }
        let before = Timestamp.now
        guard let time = try? await run(.databaseTime()) else { return }
        // The database read its clock between the two readings, so the offset is at least this.
        let (ahead, behind) = (time.microseconds(until: before), Timestamp.now.microseconds(until: time))
        let offset = ahead > 0 ? Double(ahead) : -Double(max(behind, 0))
        text.gauge(
            "flotilla_clock_offset_seconds",
            "The minimum offset of the server's clock ahead of the database's.",
            [("", offset / 1_000_000)]
        )
    }
}

extension PrometheusText {
    fileprivate mutating func add(_ statistics: DatabaseStatistics) {
        gauge("flotilla_database_waiting", "Statements waiting for a connection.", [("", Double(statistics.waiting))])
        gauge("flotilla_database_idle", "Idle connections.", [("", Double(statistics.idle))])
        family(
            "flotilla_batches_total",
            "counter",
            "Statements for batches.",
            [("flotilla_batches_total", Double(statistics.batches))]
        )
        family(
            "flotilla_batch_rows_total",
            "counter",
            "Rows in batches.",
            [("flotilla_batch_rows_total", Double(statistics.batchRows))]
        )
    }

    fileprivate mutating func add(_ rows: [StateFiguresRow]) {
        let families = [
            ("alerts", "severity", "Unresolved alerts."), ("commands", "status", "Waiting commands."),
            ("instances", "runtime_mode", "Known instances."),
            ("module_runs", "status", "Runs that have not ended."),
            ("notifications", "status", "Deliveries that have not succeeded."),
        ]
        for (name, label, help) in families {
            // traps: the names are those of our own metrics, in ASCII.
            let samples = rows.filter { $0.name == name }.map {
                (#"{\#(label)="\#(Self.escaped($0.label))"}"#, Double($0.value))
            }
            gauge("flotilla_\(name)", help, samples)
        }
    }
}
