public import ContractRuntime
public import Generated

extension API {
    public func listAlerts(_ input: ListAlerts.Input) async throws(Problem) -> ListAlerts.Output {
        let page = try Page<Timestamp, UUID>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await readPrimary(
            .listAlerts(
                status: input.status,
                severity: input.severity,
                targetID: input.targetID,
                source: input.source,
                alertID: input.alertID,
                afterTime: page.after?.0,
                afterID: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countAlerts(
                status: input.status,
                severity: input.severity,
                targetID: input.targetID,
                source: input.source,
                alertID: input.alertID,
                most: Total.most
            )
        )
        let total = Total(counted: counted)
        return .ok(
            AlertPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: page.items(rows).map { Alert($0) },
                nextCursor: page.next(rows) { ($0.firstAt, $0.alertID) }
            )
        )
    }

    public func listAlertGroups(_ input: ListAlertGroups.Input) async throws(Problem) -> ListAlertGroups.Output {
        let (groups, newest) = try await readPrimary(.alertGroups(), .newestOfAlertGroups(most: 3))
        return .ok(AlertGroupList(generatedAt: .now, groups: groups.map { AlertGroup($0, newest) }))
    }
}

extension AlertGroup {
    /// - Parameter newest: The newest alerts of all groups.
    fileprivate init(_ row: AlertGroupsRow, _ newest: [AlertRow]) {
        let own = newest.filter { alert in
            alert.source.hasSameScalars(as: row.source) && alert.severity == row.severity && alert.status == row.status
        }
        self.init(
            source: row.source,
            severity: row.severity,
            status: row.status,
            alerts: row.alerts,
            newestAt: row.newestAt,
            newest: own.map { Alert($0) }
        )
    }
}
