public import ContractRuntime
public import Generated

extension API {
    public func postHeartbeat(_ input: PostHeartbeat.Input) async throws(Problem) -> PostHeartbeat.Output {
        switch input.body {
        case .heartbeat(let heartbeat): .accepted(try await ingest(heartbeat, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: Heartbeat.self, by: input.principal))
        }
    }
}

extension Heartbeat: IngestElement {
    var row: RecordHeartbeats {
        RecordHeartbeats(
            instanceID: instanceID,
            botID: botID,
            runtimeMode: runtimeMode,
            exchange: exchange,
            symbol: symbol,
            version: version,
            metadata: metadata,
            bootID: bootID,
            state: state ?? .normal,
            sentAt: timestamp
        )
    }

    func receipt(_ fate: HeartbeatFate) throws(Problem) -> IngestReceipt {
        switch fate {
        case .stored: return IngestReceipt(status: .accepted)
        case .foreign:
            // An instance belongs to the bot that its first heartbeat named. Moving one is an operator's decision.
            throw Problem(
                status: 409,
                code: "INSTANCE_OF_ANOTHER_BOT",
                detail: "instance '\(instanceID)' does not belong to bot '\(botID)'"
            )
        case .superseded:
            let detail = "another process reports for instance '\(instanceID)' since later"
            throw Problem(status: 409, code: "LEASE_LOST", detail: detail)
        }
    }

    func auditDetails(of problem: Problem) -> JSONObject? {
        JSONObject { json in
            json.member("code", problem.code)
            json.member("bot_id", botID)
            json.member("boot_id", bootID)
        }
    }
}
