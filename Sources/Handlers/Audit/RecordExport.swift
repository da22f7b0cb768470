public import ContractRuntime
public import Generated

extension API {
    /// Records in the audit log that a file with many rows is requested. Other operations are not recorded.
    ///
    /// A client that requests many files gets a separate entry for each of the first ones of a minute; the others are counted.
    public func recordExport(_ route: Route, by principal: Principal?) async throws(Problem) {
        guard route.isExport, let principal else { return }
        let export = Rejection(
            actor: principal.name,
            action: .export,
            targetType: .operation,
            targetID: route.rawValue,
            isKnown: true,
            result: .success
        )
        try await record(export, details: .empty)
    }
}

extension Route {
    /// Whether the operation returns a file.
    fileprivate var isExport: Bool {
        switch self {
        case .exportCosts, .exportExecutionSamples, .exportSeries, .exportAuditLogs, .exportInstances, .exportFills,
            .exportTrades:
            true
        default: false
        }
    }
}
