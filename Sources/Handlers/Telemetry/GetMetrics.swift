public import ContractRuntime
public import Generated
import Postgres

extension API {
    /// Returns the metrics of this process, and those of the database if it is available.
    public func getMetrics(_ input: GetMetrics.Input) async throws(Problem) -> GetMetrics.Output {
        var text = PrometheusText()
        text.add(telemetry.figures)
        text.add(database.statistics)
        let rows = try? await run(.stateFigures())
        text.gauge("flotilla_database_up", "Whether the database is available.", [("", rows == nil ? 0 : 1)])
        text.add(rows ?? [])
        let bounds = configuration.bounds
        if rows != nil, let figures = try? await run(.boundFigures(hourly: bounds.registrationsPerHour)) {
            text.gauge("flotilla_instances_retired", "Retired instances.", [("", Double(figures.retired))])
            let registered = Double(bounds.registrationsPerHour) - Double(figures.room)
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
            [("", Double(bounds.registrationsPerHour))]
        )
        text.gauge("flotilla_instances_limit", "INSTANCES_MAX.", [("", Double(bounds.instances))])
        text.gauge("flotilla_event_streams", "Open event streams.", [("", Double(hub.count))])
        text.gauge("flotilla_event_streams_limit", "EVENT_STREAMS.", [("", Double(bounds.eventStreams))])
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

/// Metrics in the Prometheus text format, version 0.0.4 (Prometheus documentation, "Exposition formats").
private struct PrometheusText {
    private(set) var text = ""

    mutating func gauge(_ name: String, _ help: String, _ samples: [(labels: String, value: Double)]) {
        family(name, "gauge", help, samples.map { (name + $0.labels, $0.value) })
    }

    mutating func add(_ figures: Telemetry.Figures) {
        // Labels have a fixed set of values: operations and statuses.
        let requests = figures.requests.sorted { $0.key.rawValue < $1.key.rawValue }
        let totals = requests.flatMap { route, requests in
            requests.statuses.sorted { $0.key < $1.key }.map { status, count in
                (#"flotilla_requests_total{operation="\#(route.rawValue)",status="\#(status)"}"#, Double(count))
            }
        }
        family("flotilla_requests_total", "counter", "Completed requests.", totals)
        let name = "flotilla_request_seconds"
        let durations = requests.flatMap { Self.histogram(name, $0.key, $0.value) }
        family(name, "histogram", "The time from the complete request to its response.", durations)
        gauge("flotilla_event_loop_lag_seconds", "The delay of an event loop.", [("", figures.loopLag)])
        // Export every limit from the start, so that the first rejection is an increase.
        let refusals = BoundRefusal.allCases.map { refusal in
            (#"flotilla_bound_refusals_total{bound="\#(refusal.label)"}"#, Double(figures.refusals[refusal] ?? 0))
        }
        family("flotilla_bound_refusals_total", "counter", "Requests and elements rejected at a limit.", refusals)
        add(figures.connections)
        if let certificate = figures.certificate { add(certificate) }
    }

    private mutating func add(_ figures: CertificateFigures) {
        gauge(
            "flotilla_tls_certificate_expiry_seconds",
            "When the TLS certificate expires, in seconds since 1970.",
            [("", Double(figures.expiry))]
        )
        gauge(
            "flotilla_tls_files_refused",
            "Whether TLS_CERTIFICATE and TLS_KEY have changed and cannot be used.",
            [("", figures.areFilesRefused ? 1 : 0)]
        )
    }

    private mutating func add(_ figures: ConnectionFigures) {
        gauge("flotilla_connections", "Open client connections.", [("", Double(figures.open))])
        gauge(
            "flotilla_unread_bytes",
            "Response bytes that clients have not read.",
            [("", Double(figures.unreadBytes))]
        )
        gauge("flotilla_body_bytes", "Request body bytes in memory.", [("", Double(figures.bodyBytes))])
        if let limits = figures.limits {
            gauge("flotilla_connections_limit", "CONNECTIONS, or a lower limit.", [("", Double(limits.connections))])
            gauge("flotilla_body_bytes_limit", "BODY_MEBIBYTES, in bytes.", [("", Double(limits.bodyBytes))])
            gauge("flotilla_unread_bytes_limit", "UNREAD_MEBIBYTES, in bytes.", [("", Double(limits.unreadBytes))])
        }
        let surplus = ConnectionLimit.allCases.map { limit in
            (#"flotilla_connections_surplus_total{limit="\#(limit.rawValue)"}"#, Double(figures.surplus[limit] ?? 0))
        }
        family("flotilla_connections_surplus_total", "counter", "Connections beyond a limit.", surplus)
        let closings = Telemetry.Closing.allCases.map { closing in
            (
                #"flotilla_connections_closed_total{reason="\#(closing.rawValue)"}"#,
                Double(figures.closings[closing] ?? 0)
            )
        }
        family(
            "flotilla_connections_closed_total",
            "counter",
            "Connections closed because the client was too slow.",
            closings
        )
        family(
            "flotilla_accept_failures_total",
            "counter",
            "Connections that could not be accepted because file descriptors or memory ran out.",
            [("flotilla_accept_failures_total", Double(figures.acceptFailures))]
        )
    }

    private static func histogram(_ name: String, _ route: Route, _ requests: Telemetry.Requests) -> [(
        String, Double
    )] {
        let label = #"operation="\#(route.rawValue)""#
        var sum = 0
        var lines: [(String, Double)] = []
        for (index, count) in requests.buckets.enumerated() {
            sum += count
            let bound = index < Telemetry.bounds.count ? "\(Telemetry.bounds[index])" : "+Inf"
            lines.append((#"\#(name)_bucket{\#(label),le="\#(bound)"}"#, Double(sum)))
        }
        return lines + [("\(name)_sum{\(label)}", requests.seconds), ("\(name)_count{\(label)}", Double(sum))]
    }

    mutating func add(_ statistics: DatabaseStatistics) {
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

    mutating func add(_ rows: [StateFiguresRow]) {
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

    /// A label's value between quotes (Prometheus documentation, "Text format details").
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "\\": escaped += #"\\"#
            case "\"": escaped += #"\""#
            case "\n": escaped += #"\n"#
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }

    private mutating func family(_ name: String, _ kind: String, _ help: String, _ lines: [(String, Double)]) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        for (sample, value) in lines {
            text +=
                "\(sample) \(value == value.rounded() && abs(value) < 1e15 ? "\(Int(saturating: value))" : "\(value)")\n"
        }
    }
}
