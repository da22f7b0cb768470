public import ContractRuntime
public import Generated

extension API {
    /// The maximum number of instances that are listed individually.
    private static var cellLimit: Int { 2_000 }

    public func getFleet(_ input: GetFleet.Input) async throws(Problem) -> GetFleet.Output {
        let now = Timestamp.now
        let (groups, cells) = try await readPrimary(
            .fleetGroups(staleSeconds: configuration.heartbeatStaleSeconds),
            .fleetCells(staleSeconds: configuration.heartbeatStaleSeconds, limit: input.cells ? Self.cellLimit : 0)
        )
        let needs = try await readPrimary(.fleetNeeds())
        let total = groups.reduce(0) { $0 + $1.instances }
        return .ok(
            Fleet(
                generatedAt: now,
                staleAfterSeconds: configuration.heartbeatStaleSeconds,
                total: total,
                groups: groups.map(FleetGroupsItem.init),
                cells: !input.cells || total > Self.cellLimit ? nil : cells.map(FleetCellsItem.init),
                alerts: FleetAlerts(
                    critical: needs.critical,
                    warning: needs.warning,
                    info: needs.info,
                    acknowledged: needs.acknowledged,
                    acknowledgedCritical: needs.acknowledgedCritical
                ),
                commands: FleetCommands(
                    awaitingApproval: needs.awaitingApproval,
                    waiting: needs.waiting,
                    expired: needs.expired
                ),
                stuckRuns: needs.stuckRuns,
                notifications: FleetNotifications(delayed: needs.delayed)
            )
        )
    }
}

extension FleetGroupsItem {
    fileprivate init(_ row: FleetGroupsRow) {
        self.init(
            exchange: row.exchange,
            runtimeMode: row.runtimeMode,
            status: row.status,
            instances: row.instances,
            late: row.late
        )
    }
}

extension FleetCellsItem {
    fileprivate init(_ row: FleetCellsRow) {
        self.init(
            exchange: row.exchange,
            instanceID: row.instanceID,
            botID: row.botID,
            status: row.status,
            isLate: row.isLate
        )
    }
}
