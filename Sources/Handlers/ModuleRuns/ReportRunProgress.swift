public import ContractRuntime
public import Generated

extension API {
    /// Progress reports are frequent and change nothing important, so they are not audited.
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
        let detail = "the run was not claimed by worker '\(report.workerID)'"
        throw Problem(status: 409, code: .runNotClaimed, detail: detail)
    }
}
