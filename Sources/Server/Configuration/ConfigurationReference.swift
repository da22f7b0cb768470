/// Every variable that the server reads, as a table: names, values and defaults are those that the reading itself has.
enum ConfigurationReference {
    /// The page `docs/configuration.md`.
    static var markdown: String {
        let log = VariableLog()
        // With nothing but the one variable that has no default, every other one is asked for.
        _ = try? ServerConfiguration(Variables(values: ["ADMIN_TOKEN": "reference"], log: log))
        let rows = log.entries.map { entry in
            let text = texts[entry.name] ?? ""
            return "| `\(entry.name)` | \(entry.standard.map { "`\($0)`" } ?? "–") | \(entry.expected) | \(text) |"
        }
        return """
            # Configuration

            Written by `flotilla-server configuration > docs/configuration.md`; a test compares. The server reads the environment, then `.env`
            in its working directory, then these defaults. An empty variable counts as absent. A value that is malformed stops the start with
            the variable's name and what was expected; what a secret is never stands in a message or a log.

            | variable | default | value | what it is for |
            |---|---|---|---|
            \(rows.joined(separator: "\n"))

            Agents have variables of their own: `sdk/python/README.md`.

            """
    }

    /// The names of variables with a text of their own.
    // traps: the names of variables are our own, in ASCII.
    static var described: Set<String> { Set(texts.keys) }

    private static let texts = [
        "DATABASE_URL":
            "A libpq URL, several hosts allowed. Without it the server runs a PostgreSQL cluster of its own.",
        "ANALYTICS_DATABASE_URL":
            "A standby of it, from which analytics are read while it answers; `/metrics` says how old that is.",
        "ANALYTICS_LAG_SECONDS":
            "By how many seconds that standby may be behind; beyond that analytics are read from the primary.",
        "DATA_DIR": "The own cluster and its socket. `.flotilla` by default.",
        "ADMIN_TOKEN": "The token that may do everything. The server does not start without one.",
        "ADMIN_TOKENS_FILE": "A file of further tokens, one a line: `NAME ROLE[,ROLE] SHA256`.",
        "AGENT_AUTH": "Whether each agent needs a token of its own.",
        "API_ADDRESS": "Where the API listens. Port 0 takes a free one and prints it.",
        "WEB_ADDRESS": "Where the dashboard listens.",
        "API_HEALTH_URL":
            "Where the dashboard's process asks whether the API responds. By default `/healthz` at `API_ADDRESS` of this machine.",
        "TLS_CERTIFICATE":
            "A PEM chain, for both listeners; beside `TLS_KEY`. Both files are read again when they change.",
        "TLS_KEY": "Its key.",
        "ALLOW_INSECURE":
            "What may be within reach of other machines although it is insecure. Without it such a server does not start.",
        "PUBLIC_HOSTS":
            "The names under which others reach the server, such as `https://flotilla.example`. `https://` where a proxy does TLS. Requests for other hosts are refused.",
        "TRUSTED_PROXIES":
            "The addresses of proxies, such as `10.0.0.0/8`, whose `X-Forwarded-For` or `Forwarded` names the client. Failed logins are counted by it. `CONNECTIONS_PER_ADDRESS` does not apply to them.",
        "ENVIRONMENT": "What the deployment is called on the dashboard. `LOCAL` by default.",
        "DATABASE_CONNECTIONS":
            "How many connections to the database there are. Two more are reserved for operators, one more listens for commands.",
        "DATABASE_READ_CONNECTIONS":
            "How many more connections there are for lists and analytics, so that slow ones keep no report waiting.",
        "CONNECTIONS":
            "How many connections clients may have open to each listener; fewer if the limit of open files is lower.",
        "CONNECTIONS_PER_ADDRESS":
            "How many of them may come from one IP address, or from one /64 network of IPv6; loopback and `TRUSTED_PROXIES` have no such limit.",
        "UNREAD_MEBIBYTES":
            "How many mebibytes of answers may be unread, all clients of a listener together; then large answers are refused.",
        "BODY_MEBIBYTES":
            "How many mebibytes of request bodies a process holds until they are answered; then larger ones are refused. Bodies up to 4 KiB do not count.",
        "HEARTBEAT_STALE_SECONDS":
            "After how many seconds of silence an instance counts as lost; after half of that as late.",
        "MODULE_RUN_STUCK_SECONDS": "After how many seconds a run that has not ended counts as stuck.",
        "DISCORD_WEBHOOK_URL": "A Discord webhook that is told of alerts of every severity.",
        "DISCORD_WEBHOOK_URL_INFO": "One for INFO alone, in place of that.",
        "DISCORD_WEBHOOK_URL_WARNING": "One for WARNING alone.",
        "DISCORD_WEBHOOK_URL_CRITICAL": "One for CRITICAL alone.",
        "DISCORD_WEBHOOK_URL_AUDIT": "One for AUDIT alone.",
        "WEBHOOK_URL": "Any other URL that takes JSON.",
        "WEBHOOK_URL_INFO": "One for INFO alone, in place of that.",
        "WEBHOOK_URL_WARNING": "One for WARNING alone.",
        "WEBHOOK_URL_CRITICAL": "One for CRITICAL alone.",
        "WEBHOOK_URL_AUDIT": "One for AUDIT alone.",
        "WATCHDOG_URL":
            "A URL that each server requests once a minute while lost instances are looked for, such as a check of healthchecks.io: it tells people when that ends.",
        "BOOKS_CURRENCY":
            "The currency of totals, such as `USDT`; amounts without a currency are in it. Without it there are totals only while there is one currency. All servers must have the same.",
        "FX_MAX_AGE_SECONDS":
            "How many seconds a rate of `POST /fx-rates` is used; what only an older one converts has no total.",
        "RECONCILE_TOLERANCE": "By how much an exchange's books and our own may differ and still agree.",
        "RECONCILE_TOLERANCE_BPS":
            "The same in hundredths of a percent of the exchange's equity; the larger one counts.",
        "RECONCILE_DIFFERENCE":
            "Whether a comparison whose difference is not that of its equities is refused, or stored and marked.",
        "COMMAND_APPROVAL": "Whether FLATTEN on a LIVE instance and SET_MODE to LIVE wait for a second person.",
        "COMMAND_MAX_TTL_SECONDS":
            "How many seconds after its creation a command may expire at most; 0 for any number.",
        "COMMAND_FINISH_SECONDS":
            "After how many seconds an accepted command that has not finished raises an alert.",
        "METRIC_DAYS": "How many days metrics are kept as they came.",
        "METRIC_FINE_DAYS": "How many days as rows of five minutes; at least 90 unless `METRIC_DAYS` is more.",
        "METRIC_COARSE_DAYS": "How many days as rows of an hour.",
        "EXECUTION_DAYS": "How many days samples of executions are kept; their means and percentiles stay.",
        "RECONCILE_DAYS": "How many days comparisons of equity are kept.",
        "NOTIFICATION_DAYS": "How many days notifications are kept that were delivered or given up.",
        "ALERT_DAYS": "How many days resolved alerts are kept.",
        "RUN_DAYS": "How many days runs of modules are kept after their end.",
        "COMMAND_DAYS": "How many days commands with a final status are kept, with their acknowledgements.",
        "AUDIT_DAYS":
            "How many days after its end a month of the audit log is dropped, if `flotilla-server export-audit` has exported it; 0 to keep all months.",
        "INSTANCE_RETIRE_DAYS":
            "After how many days of silence an instance without open positions is retired; 0 for never.",
        "REGISTRATIONS_PER_HOUR":
            "How many instances may register within an hour, over all servers; beyond that 429 `TOO_MANY_REGISTRATIONS` and an alert.",
        "INSTANCES_MAX":
            "How many instances the fleet may have; beyond that 429 `TOO_MANY_INSTANCES` and an alert.",
        "SERIES_PER_INSTANCE":
            "How many metric series an instance may have; beyond that 422 `TOO_MANY_SERIES`.",
        "POSITIONS_PER_INSTANCE":
            "How many symbols an instance may have positions of. Closed positions make room; beyond that 422 `TOO_MANY_POSITIONS`.",
        "EVIDENCE_MAX_BYTES":
            "How many bytes the evidence of an acknowledgement may have; beyond that 413 `EVIDENCE_TOO_LARGE`.",
        "OBJECT_MAX_BYTES":
            "How many bytes the metadata of a heartbeat, the payload of a command and the configuration of a module may have; beyond that 413 `OBJECT_TOO_LARGE`.",
        "ACKNOWLEDGEMENTS_PER_COMMAND":
            "How many acknowledgements of a command are stored; beyond that only those that change its status, others get 409 `TOO_MANY_ACKNOWLEDGEMENTS`.",
        "CLOCK_AHEAD_SECONDS":
            "How many seconds the time of a report may be ahead of the database's clock; beyond that 422 `TIMESTAMP_AHEAD`. Heartbeats are not concerned.",
        "EVENT_STREAMS":
            "How many event streams a server keeps open; beyond that 503 `TOO_MANY_STREAMS`.",
        "EVENT_STREAMS_PER_PRINCIPAL":
            "How many of them one token may have; beyond that 429 `TOO_MANY_STREAMS`.",
        "CHECK_INTERVAL_SECONDS":
            "How many seconds lie between two looks for what is lost, stuck, expired or due; 0 when another server looks.",
        "RESPONSE_VALIDATION":
            "Which answers are validated before they are sent: `off`, `always` or a share from 0 to 1.",
        "LOG_LEVEL": "What is worth a line.",
        "LOG_FORMAT": "Lines for people, or JSON for machines.",
    ]
}
