import ContractRuntime
import Generated

// The operations that pages read from. The query holds the operation's parameters as an HTTP client would send them.
extension Dashboard {
    func instances(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> InstancePage {
        switch try await api.listInstances(ListInstances.Input(apiRequest(.listInstances, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func retiredPage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> RetiredInstancePage {
        let input = try ListRetiredInstances.Input(apiRequest(.listRetiredInstances, request, query: query))
        switch try await api.listRetiredInstances(input) {
        case .ok(let found): return found
        }
    }

    func positions(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> PositionPage {
        switch try await api.listPositions(ListPositions.Input(apiRequest(.listPositions, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func commandPage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> CommandPage {
        switch try await api.listCommands(ListCommands.Input(apiRequest(.listCommands, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func alertPage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> AlertPage {
        switch try await api.listAlerts(ListAlerts.Input(apiRequest(.listAlerts, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func modulePage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> ModulePage {
        switch try await api.listModules(ListModules.Input(apiRequest(.listModules, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func runPage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> ModuleRunPage {
        switch try await api.listModuleRuns(ListModuleRuns.Input(apiRequest(.listModuleRuns, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func reconcilePage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> ReconcilePage {
        switch try await api.listReconcileResults(
            ListReconcileResults.Input(apiRequest(.listReconcileResults, request, query: query))
        ) {
        case .ok(let found): return found
        }
    }

    func auditPage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> AuditPage {
        switch try await api.listAuditLogs(ListAuditLogs.Input(apiRequest(.listAuditLogs, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func tokenPage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> AccessTokenPage {
        switch try await api.listTokens(ListTokens.Input(apiRequest(.listTokens, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func notificationPage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> NotificationPage {
        switch try await api.listNotifications(
            ListNotifications.Input(apiRequest(.listNotifications, request, query: query))
        )
        {
        case .ok(let found): return found
        }
    }

    func costPage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> CostPage {
        switch try await api.listCosts(ListCosts.Input(apiRequest(.listCosts, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func samplePage(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> ExecutionSamplePage {
        switch try await api.listExecutionSamples(
            ListExecutionSamples.Input(apiRequest(.listExecutionSamples, request, query: query))
        ) {
        case .ok(let found): return found
        }
    }

    func exposure(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> Exposure {
        switch try await api.getExposure(GetExposure.Input(apiRequest(.getExposure, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func netPnl(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> NetPnl {
        switch try await api.getNetPnl(GetNetPnl.Input(apiRequest(.getNetPnl, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func netPnlParts(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> NetPnlExplanation {
        switch try await api.explainNetPnl(ExplainNetPnl.Input(apiRequest(.explainNetPnl, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func fxRates(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> FxRateList {
        switch try await api.listFxRates(ListFxRates.Input(apiRequest(.listFxRates, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func executionQuality(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> ExecutionQuality {
        switch try await api.getExecutionQuality(
            GetExecutionQuality.Input(apiRequest(.getExecutionQuality, request, query: query))
        ) {
        case .ok(let found): return found
        }
    }

    func equityCurve(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> EquityCurve {
        switch try await api.getEquityCurve(GetEquityCurve.Input(apiRequest(.getEquityCurve, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func fleetEquity(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> EquityCurve {
        switch try await api.getFleetEquity(GetFleetEquity.Input(apiRequest(.getFleetEquity, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func indices(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> IndexValues {
        switch try await api.getLatestIndices(
            GetLatestIndices.Input(apiRequest(.getLatestIndices, request, query: query))
        ) {
        case .ok(let found): return found
        }
    }

    func resourceWindow(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> ResourceWindow {
        switch try await api.getResourceWindow(
            GetResourceWindow.Input(apiRequest(.getResourceWindow, request, query: query))
        )
        {
        case .ok(let found): return found
        }
    }

    func series(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> Series {
        switch try await api.getSeries(GetSeries.Input(apiRequest(.getSeries, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func runStatistics(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> ModuleRunStatistics {
        switch try await api.getModuleRunStatistics(
            GetModuleRunStatistics.Input(apiRequest(.getModuleRunStatistics, request, query: query))
        ) {
        case .ok(let found): return found
        }
    }

    func runPerformance(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> RunPerformance {
        switch try await api.getRunPerformance(
            GetRunPerformance.Input(apiRequest(.getRunPerformance, request, query: query))
        )
        {
        case .ok(let found): return found
        }
    }

    func runFailureRate(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> RunFailureRate {
        switch try await api.getRunFailureRate(
            GetRunFailureRate.Input(apiRequest(.getRunFailureRate, request, query: query))
        )
        {
        case .ok(let found): return found
        }
    }

    func runThroughput(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> RunThroughput {
        switch try await api.getRunThroughput(
            GetRunThroughput.Input(apiRequest(.getRunThroughput, request, query: query))
        ) {
        case .ok(let found): return found
        }
    }

    func runActiveAge(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> RunActiveAge {
        switch try await api.getRunActiveAge(GetRunActiveAge.Input(apiRequest(.getRunActiveAge, request, query: query)))
        {
        case .ok(let found): return found
        }
    }

    func auditVerification(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> AuditVerification {
        switch try await api.verifyAuditLog(VerifyAuditLog.Input(apiRequest(.verifyAuditLog, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func fleetFigures(_ request: WebRequest, _ query: Fields = .none) async throws(Problem) -> Fleet {
        switch try await api.getFleet(GetFleet.Input(apiRequest(.getFleet, request, query: query))) {
        case .ok(let found): return found
        }
    }

    func commandDetail(_ request: WebRequest, _ id: String) async throws(Problem) -> CommandDetail {
        switch try await api.getCommand(GetCommand.Input(apiRequest(.getCommand, request, path: [id]))) {
        case .ok(let found): return found
        }
    }

    func alertDetail(_ request: WebRequest, _ id: String) async throws(Problem) -> Alert {
        switch try await api.getAlert(GetAlert.Input(apiRequest(.getAlert, request, path: [id]))) {
        case .ok(let found): return found
        }
    }

    func moduleDetail(_ request: WebRequest, _ id: String) async throws(Problem) -> Module {
        switch try await api.getModule(GetModule.Input(apiRequest(.getModule, request, path: [id]))) {
        case .ok(let found): return found
        }
    }

    func runDetail(_ request: WebRequest, _ id: String) async throws(Problem) -> ModuleRun {
        switch try await api.getModuleRun(GetModuleRun.Input(apiRequest(.getModuleRun, request, path: [id]))) {
        case .ok(let found): return found
        }
    }

    func bulkCoverage(_ request: WebRequest, _ id: String) async throws(Problem) -> BulkCoverage {
        switch try await api.getBulkCoverage(GetBulkCoverage.Input(apiRequest(.getBulkCoverage, request, path: [id]))) {
        case .ok(let found): return found
        }
    }

    func presence(_ request: WebRequest, _ id: String) async throws(Problem) -> Presence {
        switch try await api.getPresence(GetPresence.Input(apiRequest(.getPresence, request, path: [id]))) {
        case .ok(let found): return found
        }
    }
}
