public import ContractRuntime
public import Generated

extension API {
    public func postHeartbeat(_ input: PostHeartbeat.Input) async throws(Problem) -> PostHeartbeat.Output {
        let heartbeat = input.body
        try input.principal.requireSubject(heartbeat.instanceID)
        let fate = try await run(
            RecordHeartbeats(
                instanceID: heartbeat.instanceID,
                botID: heartbeat.botID,
                runtimeMode: heartbeat.runtimeMode,
                exchange: heartbeat.exchange,
                symbol: heartbeat.symbol,
                version: heartbeat.version,
                metadata: heartbeat.metadata,
                bootID: heartbeat.bootID,
                sentAt: heartbeat.timestamp
            )
        )
        if let problem = fate.problem(heartbeat) { try await refuse(heartbeat, problem) }
        return .accepted(IngestReceipt(status: .accepted))
    }

    private func refuse(_ heartbeat: Heartbeat, _ problem: Problem) async throws(Problem) {
        let details = JSONObject { json in
            json.member("code", problem.code)
            json.member("bot_id", heartbeat.botID)
            json.member("boot_id", heartbeat.bootID)
        }
        _ = try await run(
            .recordAction(
                actor: Actor.agent,
                action: .heartbeat,
                targetType: .instance,
                targetID: heartbeat.instanceID,
                result: .rejected,
                details: details
            )
        )
        throw problem
    }
}

extension HeartbeatFate {
    /// Why a heartbeat is refused; nil when it is stored.
    fileprivate func problem(_ heartbeat: Heartbeat) -> Problem? {
        switch self {
        case .stored: nil
        case .foreign:
            // An instance belongs to the bot that its first heartbeat named. Moving one is an operator's decision.
            Problem(
                status: 409,
                code: "INSTANCE_OF_ANOTHER_BOT",
                detail: "instance '\(heartbeat.instanceID)' does not belong to bot '\(heartbeat.botID)'"
            )
        case .superseded:
            Problem(
                status: 409,
                code: "LEASE_LOST",
                detail: "another process reports for instance '\(heartbeat.instanceID)' since later"
            )
        }
    }
}
