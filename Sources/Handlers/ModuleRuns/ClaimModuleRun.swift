public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func claimModuleRun(_ input: ClaimModuleRun.Input) async throws(Problem) -> ClaimModuleRun.Output {
        let (request, actor) = (input.body, input.principal.name)
        let row = try await transaction { transaction -> ClaimModuleRunRow? in
            let row = try transaction.run(
                .claimModuleRun(
                    workerID: request.workerID,
                    moduleID: request.moduleID,
                    leaseSeconds: request.leaseSeconds
                )
            )
            guard let row else { return nil }
            let details = JSONObject { json in json.member("worker_id", request.workerID) }
            try transaction.record(.moduleRunClaim, on: .moduleRun, row.run.runID.text, by: actor, details: details)
            return row
        }
        guard let row else { return .noContent }
        return .ok(RunClaim(run: ModuleRun(row.run), config: row.config))
    }
}
