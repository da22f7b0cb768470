public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func silenceAlert(_ input: SilenceAlert.Input) async throws(Problem) -> SilenceAlert.Output {
        let (id, request, actor) = (input.alertID, input.body, input.principal.name)
        let row = try await audited(.alertSilence, on: .alert, id.text, by: actor) { transaction in
            let seconds = request.durationSeconds
            _ = try transaction.run(
                .silenceAlert(alertID: id, seconds: seconds, reason: request.reason, actor: actor)
            )
            guard let row = try transaction.run(.getAlert(alertID: id)) else { throw Problem.alertNotFound }
            let details = JSONObject { json in
                json.member("duration_seconds", seconds)
                json.member("reason", request.reason)
            }
            try transaction.record(.alertSilence, on: .alert, id.text, by: actor, details: details)
            return row
        }
        return .ok(Alert(row))
    }
}
