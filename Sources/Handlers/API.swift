public import ContractRuntime
public import Generated
public import Logging
public import Notifications
public import Postgres
import Synchronization

/// The business logic: every operation of the contract, over PostgreSQL.
///
/// Each operation is an extension in the file named after it. The schema must be known to be migrated before anything but the health
/// check and the contract is served. A class, because every request holds on to it: a structure would be copied for each, part by part.
public final class API: Operations {
    /// What operators may tune.
    public struct Configuration: Sendable {
        /// How long an instance may stay silent before it counts as lost.
        public var heartbeatStaleSeconds: Int
        /// How long a run may take before it counts as stuck.
        public var moduleRunStuckSeconds: Int

        /// How long an accepted command may take to finish before an alert is raised.
        public var commandFinishSeconds = 300
        /// Whether a second person has to approve what begins or ends real trading.
        public var needsApproval = false
        /// How long a command may be carried out at most; nil where that is the callers' business.
        public var commandMaxSeconds: Int?

        /// After how many days of silence an instance is retired; nil where only operators retire.
        public var instanceRetireDays: Int?
        /// How much of what clients add or hold is accepted.
        public var bounds = Bounds()

        /// How many days metrics are kept as they came, as rows of five minutes, and as rows of an hour.
        public var metricDays = (samples: 7, fine: 90, coarse: 1_827)
        /// How many days samples of executions are kept; their means and percentiles stay.
        public var executionDays = 30

        /// How many days what is over is kept.
        public var historyDays = HistoryDays()
        /// How many days after its end an exported month of the audit log is dropped; nil to keep all.
        public var auditDays: Int?
        /// The currency of totals.
        public var books = BooksCurrency()
        /// The folder of the server's own cluster, whose disk is watched; nil where the database is another's.
        public var clusterFolder: String?

        /// Who is told of what.
        public var targets: [NotificationTarget] = []
        /// By how much books may differ and still agree.
        public var reconcileTolerance = Decimal(0)
        /// By how many hundredths of a percent of the exchange's equity they may differ and still agree.
        public var reconcileToleranceBps = Decimal(1)
        /// Whether a report whose difference is not that of its equities is stored, and marked, instead of refused.
        public var acceptsWrongDifferences = false

        /// A configuration of these parts.
        public init(heartbeatStaleSeconds: Int = 90, moduleRunStuckSeconds: Int = 900) {
            self.heartbeatStaleSeconds = heartbeatStaleSeconds
            self.moduleRunStuckSeconds = moduleRunStuckSeconds
        }
    }

    /// How many days rows are kept after what they tell of is over.
    public struct HistoryDays: Sendable {
        /// Comparisons of equity.
        public var reconcileResults = 90
        /// Notifications that were delivered or given up.
        public var notifications = 400
        /// Alerts that were resolved.
        public var alerts = 400
        /// Runs that ended.
        public var moduleRuns = 400
        /// Commands with a final status, with their acknowledgements and timelines.
        public var commands = 400

        /// The defaults.
        public init() {}
    }

    let configuration: Configuration
    let schema: SchemaState
    let readiness = ReadinessState()
    let database: Database
    /// A standby for analytics, if there is one.
    let analytics: AnalyticsDatabase?
    let logger: Logger
    let waiters = CommandWaiters()
    let hub = EventHub()
    /// What the server counts.
    public let telemetry = Telemetry()
    let messenger = Messenger()
    let unmarked = UnmarkedDeliveries()
    let series = SeriesNumbers()
    let refusals = RefusalLog()
    let acceptedTokens = AcceptedTokens()
    let repeatedLines = Mutex(LogLimit())

    /// The operations over `database`, and those of analytics over a standby of it where there is one.
    public init(
        database: Database,
        analytics: AnalyticsDatabase? = nil,
        schema: SchemaState,
        configuration: Configuration = Configuration(),
        logger: Logger
    ) {
        self.database = database
        self.analytics = analytics
        self.schema = schema
        self.configuration = configuration
        self.logger = logger
    }
}
