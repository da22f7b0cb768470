public import ContractRuntime
public import Generated

extension API {
    public func postHeartbeat(_ input: PostHeartbeat.Input) async throws(Problem) -> PostHeartbeat.Output {
        let heartbeat = input.body
        try input.principal.requireSubject(heartbeat.instanceID)
        let isStored = try await run(
            RecordHeartbeats(
                instanceID: heartbeat.instanceID,
                botID: heartbeat.botID,
                runtimeMode: heartbeat.runtimeMode,
                exchange: heartbeat.exchange,
                symbol: heartbeat.symbol,
                version: heartbeat.version,
                metadata: heartbeat.metadata,
                sentAt: heartbeat.timestamp
            )
        )
        if !isStored { try await refuseForeignBot(heartbeat) }
        return .accepted(IngestReceipt(status: .accepted))
    }

    /// An instance belongs to the bot that its first heartbeat named. Moving one is an operator's decision.
    private func refuseForeignBot(_ heartbeat: Heartbeat) async throws(Problem) {
        let details = JSONObject { json in json.member("bot_id", heartbeat.botID) }
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
        throw Problem(
            status: 409,
            code: "INSTANCE_OF_ANOTHER_BOT",
            detail: "instance '\(heartbeat.instanceID)' does not belong to bot '\(heartbeat.botID)'"
        )
    }
}
