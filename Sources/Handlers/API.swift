public import ContractRuntime
public import Generated
public import Logging
public import Notifications
public import Postgres
import Synchronization
public import Tracing

/// The business logic: every operation of the contract, implemented with PostgreSQL.
///
/// Each operation is an extension in the file named after it. Only the health check and the contract are served before the schema is known
/// to be migrated. This is a class because every request retains it; a structure would be copied part by part.
public final class API: Operations {
    /// Settings that operators can change.
    public struct Configuration: Sendable {
        /// Seconds without a heartbeat after which an instance is lost.
        public var heartbeatStaleSeconds: Int
        /// Seconds after which a run is stuck.
        public var moduleRunStuckSeconds: Int

        /// The lifetime of an enrolled agent's credential, in seconds.
        public var agentCredentialSeconds = 2_592_000
        /// Seconds after which an accepted but unfinished command raises an alert.
        public var commandFinishSeconds = 300
        /// Whether high-risk commands need a second person's approval.
        public var needsApproval = false
        /// The names of the tokens in the configuration, which issued tokens must not have.
        public var configuredNames: [String] = []
        /// The number of people who must approve a high-risk command.
        public var approvers = 1
        /// The keys that sign commands; nil if the server signs none.
        public var signing: ServerKeys?
        /// The maximum lifetime of a command in seconds; nil for no limit.
        public var commandMaxSeconds: Int?

        /// Seconds without use after which a session of the dashboard ends; nil for no limit.
        public var sessionIdleSeconds: Int?
        /// Seconds after authentication for which a session may send high-risk commands.
        public var stepUpSeconds = 900

        /// Days of silence after which an instance is retired; nil if only operators retire instances.
        public var instanceRetireDays: Int?
        /// Limits on what clients may add or hold.
        public var clientLimits = ClientLimits()

        /// Days for which metric samples, five-minute rollups and one-hour rollups are kept.
        public var metricDays = (samples: 7, fine: 90, coarse: 1_827)
        /// Days for which execution samples are kept; their means and percentiles are kept longer.
        public var executionDays = 30

        /// Days for which finished records are kept.
        public var historyDays = HistoryDays()
        /// How many days after its end an exported month of the audit log is dropped; nil to keep all.
        public var auditDays: Int?
        /// The keys and anchors of the audit log.
        public var audit = AuditProtection()
        /// Whether to log a warning if the role of this server owns the audit log.
        public var warnsOfOwnership = false
        /// The currency of totals.
        public var books = BooksCurrency()
        /// The directory of the server's own cluster, whose disk is monitored; nil for an external database.
        public var clusterFolder: String?

        /// The policy that the database follows. Its settings are those of the sessions of `database`.
        public var policy = DatabasePolicy()
        /// The targets of notifications.
        public var targets: [NotificationTarget] = []
        /// Web push; nil if it is off.
        public var push: PushConfiguration?
        /// The maximum difference between books that agree.
        public var reconcileTolerance = Decimal(0)
        /// The maximum difference between books that agree, in basis points of the exchange's equity.
        public var reconcileToleranceBps = Decimal(1)
        /// Whether a report with a wrong difference is stored and marked instead of rejected.
        public var acceptsWrongDifferences = false

        /// Creates a configuration.
        public init(heartbeatStaleSeconds: Int = 90, moduleRunStuckSeconds: Int = 900) {
            self.heartbeatStaleSeconds = heartbeatStaleSeconds
            self.moduleRunStuckSeconds = moduleRunStuckSeconds
        }
    }

    /// Days for which finished records are kept.
    public struct HistoryDays: Sendable {
        /// Comparisons of equity, and resolved differences between bots and the books.
        public var reconcileResults = 90
        /// Notifications that were delivered or are dead.
        public var notifications = 400
        /// Alerts that were resolved.
        public var alerts = 400
        /// Runs that ended.
        public var moduleRuns = 400
        /// Commands with a final status, with their acknowledgements and timelines.
        public var commands = 400
        /// Orders and trades that ended, and fills.
        public var trades = 400

        /// The defaults.
        public init() {}
    }

    let configuration: Configuration
    let schema: SchemaState
    let readiness = ReadinessState()
    let database: Database
    /// A standby for analytics; nil without one.
    let analytics: AnalyticsDatabase?
    /// Starts the spans of database calls and jobs; nil without tracing.
    let tracer: (any Tracer)?
    let logger: Logger
    let waiters = CommandWaiters()
    let hub = EventHub()
    /// The server's metrics.
    public let telemetry: Telemetry
    let messenger: (any MessageSender)?
    let unmarked = UnmarkedDeliveries()
    let series = SeriesNumbers()
    let rejections = RejectionLog()
    let witness = AuditWitness()
    let acceptedTokens = AcceptedTokens()
    let repeatedLines = Mutex(LogLimit())

    /// Creates the operations over `database`.
    ///
    /// - Parameters:
    ///   - analytics: A standby that analytics are read from.
    ///   - messenger: Delivers notifications; nil if this process delivers none.
    ///   - metrics: The metrics that `GET /metrics` returns.
    ///   - tracer: Traces database calls and jobs; nil for no tracing.
    public init(
        database: Database,
        analytics: AnalyticsDatabase? = nil,
        schema: SchemaState,
        configuration: Configuration = Configuration(),
        messenger: (any MessageSender)? = nil,
        metrics: PrometheusRegistry = PrometheusRegistry(),
        tracer: (any Tracer)? = nil,
        logger: Logger
    ) {
        telemetry = Telemetry(metrics)
        self.database = database
        self.analytics = analytics
        self.schema = schema
        self.configuration = configuration
        self.messenger = messenger
        self.tracer = tracer
        self.logger = logger
    }
}
