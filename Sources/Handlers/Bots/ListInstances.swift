public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func listInstances(_ input: ListInstances.Input) async throws(Problem) -> ListInstances.Output {
        let page = try Page<String, String>(number: input.page, size: input.pageSize, cursor: nil)
        let now = Timestamp.now
        let (rows, total) = try await readPrimary(
            listInstances(
                input,
                sort: input.sort.rawValue,
                isDescending: input.order == .desc,
                limit: page.size,
                offset: page.offset,
                isBrief: false
            ),
            .countInstances(
                staleSeconds: configuration.heartbeatStaleSeconds,
                q: input.q,
                instanceID: input.instanceID,
                botID: input.botID,
                runtimeMode: input.runtimeMode,
                status: input.status,
                exchange: input.exchange,
                symbol: input.symbol
            )
        )
        let items = rows.map { Instance($0) }
        return .ok(
            InstancePage(generatedAt: now, page: page.number, pageSize: page.size, total: total, items: items)
        )
    }

    public func exportInstances(_ input: ExportInstances.Input) async throws(Problem) -> ExportInstances.Output {
        let query = listInstances(
            input,
            sort: input.sort.rawValue,
            isDescending: input.order == .desc,
            limit: input.limit,
            offset: 0,
            isBrief: true
        )
        let rows = try await readPrimary(query)
        return .ok(CSV(rows.map { Instance($0) }, columns: Self.instanceColumns).text)
    }

    private func listInstances(
        _ filter: some InstanceFilter,
        sort: String,
        isDescending: Bool,
        limit: Int,
        offset: Int,
        isBrief: Bool
    ) -> Query<[ListInstancesRow]> {
        .listInstances(
            staleSeconds: configuration.heartbeatStaleSeconds,
            q: filter.q,
            instanceID: filter.instanceID,
            botID: filter.botID,
            runtimeMode: filter.runtimeMode,
            status: filter.status,
            exchange: filter.exchange,
            symbol: filter.symbol,
            sort: sort,
            limit: limit,
            offset: offset,
            isDescending: isDescending,
            isBrief: isBrief,
            books: configuration.books.currency,
            rateSeconds: configuration.books.rateSeconds
        )
    }

    private static let instanceColumns = [
        "instance_id", "bot_id", "strategy_name", "runtime_mode", "exchange", "symbol", "version", "status", "is_late",
        "last_seen", "last_received_at", "first_seen", "clock_lag_seconds", "boot_id", "net_exposure", "gross_exposure",
        "exposure_as_of", "open_alerts", "worst_severity", "waiting_commands", "software", "strategy_version",
        "strategy_hash", "currency", "equity", "net_pnl_today", "net_pnl_week", "return_today", "drawdown",
        "slippage_bps", "performance_as_of",
    ]
}

/// The filter that the list and its export share.
private protocol InstanceFilter {
    var q: String? { get }
    var instanceID: String? { get }
    var botID: String? { get }
    var runtimeMode: RuntimeMode? { get }
    var status: InstanceStatus? { get }
    var exchange: String? { get }
    var symbol: String? { get }
}

extension ListInstances.Input: InstanceFilter {}
extension ExportInstances.Input: InstanceFilter {}

extension ListInstancesRow {
    fileprivate var accounts: [TradedAccount] {
        zip(zip(accountVenues ?? [], accountIDs ?? []), accountModes ?? []).compactMap { account, mode in
            RuntimeMode(rawValue: mode).map { TradedAccount(venue: account.0, accountID: account.1, mode: $0) }
        }
    }
}

extension Instance {
    /// The presence in an export, which is not computed.
    private static let unknownPresence = String(repeating: "-", count: 120)

    fileprivate init(_ row: ListInstancesRow) {
        let exposures = row.exposures
        self.init(
            instanceID: row.instanceID,
            botID: row.botID,
            strategyName: row.strategyName,
            runtimeMode: row.runtimeMode,
            exchange: row.exchange,
            symbol: row.symbol,
            version: row.version,
            status: row.status,
            isLate: row.isLate,
            lastSeen: row.lastSeen,
            lastReceivedAt: row.lastReceivedAt,
            firstSeen: row.firstSeen,
            clockLagSeconds: row.clockLag,
            bootID: row.bootID,
            metadata: row.metadata,
            netExposure: exposures.only?.netExposure,
            grossExposure: exposures.only?.grossExposure,
            exposures: exposures,
            exposureAsOf: row.exposureAsOf,
            openAlerts: row.openAlerts,
            worstSeverity: row.worstSeverity,
            waitingCommands: row.waitingCommands,
            presence: row.presence ?? Self.unknownPresence,
            equityDay: (row.equityDay ?? []).map { Decimal($0) },
            netPnlDay: row.netPnlDay,
            software: row.software,
            strategyVersion: row.strategyVersion,
            strategyHash: row.strategyHash,
            uiURL: row.uiURL,
            symbols: row.symbols ?? [],
            accounts: row.accounts,
            currency: row.currency.flatMap { $0.isEmpty ? nil : $0 },
            equity: row.equity,
            netPnlToday: row.netPnlToday,
            netPnlWeek: row.netPnlWeek,
            returnToday: row.returnToday,
            drawdown: row.drawdown,
            slippageBps: row.slippageBps,
            performanceAsOf: row.performanceAsOf,
            stateCause: row.stateCause
        )
    }
}
