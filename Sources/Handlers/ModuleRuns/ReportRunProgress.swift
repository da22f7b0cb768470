public import ContractRuntime
public import Generated

extension API {
    /// Progress comes often and decides nothing, so the audit log does not have it.
    public func reportRunProgress(_ input: ReportRunProgress.Input) async throws(Problem) -> ReportRunProgress.Output {
        let report = input.body
        let row = try await run(
            .beatModuleRun(
                runID: input.runID,
                workerID: report.workerID,
                progress: report.progress,
                message: report.message,
                leaseSeconds: report.leaseSeconds
            )
        )
        if let row { return .ok(ModuleRun(row)) }
        guard try await run(.getModuleRun(runID: input.runID)) != nil else { throw .moduleRunNotFound }
        let detail = "the run is not carried out by worker '\(report.workerID)'"
        throw Problem(status: 409, code: "RUN_NOT_CLAIMED", detail: detail)
    }
}
