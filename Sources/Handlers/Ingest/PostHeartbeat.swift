public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func postHeartbeat(_ input: PostHeartbeat.Input) async throws(Problem) -> PostHeartbeat.Output {
        switch input.body {
        case .heartbeat(let heartbeat):
            try await require(input.principal, actsFor: heartbeat.instanceID)
            do throws(Problem) { try heartbeat.check(configuration.clientLimits) } catch { throw counted(error) }
            let outcome = try await heartbeat.store(in: self, by: input.principal)
            do throws(Problem) {
                return .accepted(try heartbeat.receipt(outcome))
            } catch {
                try await audit(error, of: heartbeat)
                throw counted(error)
            }
        case .array(let objects):
            return .accepted(try await ingest(objects, as: Heartbeat.self, by: input.principal))
        }
    }
}

extension Heartbeat: IngestElement {
    /// The row to store.
    ///
    /// - Parameter identity: The identity of the agent's token, which proves the mode; nil if it has none.
    private func row(within configuration: API.Configuration, identity: UUID?) -> RecordHeartbeats {
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
            profile: profile,
            identity: identity,
            fingerprint: fingerprint(identity: identity),
            sentAt: timestamp,
            hourly: configuration.clientLimits.registrationsPerHour,
            most: configuration.clientLimits.instances,
            staleSeconds: configuration.heartbeatStaleSeconds
        )
    }

    /// The instance's description of itself; nil if it reports none.
    private var profile: JSONObject? {
        guard
            software != nil || strategyName != nil || strategyVersion != nil || strategyHash != nil || uiURL != nil
                || symbols != nil || accounts != nil || stateCause != nil
        else { return nil }
        return JSONObject { json in
            json.member("software", software)
            json.member("strategy_name", strategyName)
            json.member("strategy_version", strategyVersion)
            json.member("strategy_hash", strategyHash)
            json.member("ui_url", uiURL)
            json.member("symbols", symbols ?? [])
            json.member("accounts", accounts ?? [])
            json.member("state_cause", stateCause)
        }
    }

    func check(_ limits: ClientLimits) throws(Problem) { try metadata.require("metadata", atMost: limits.objectBytes) }

    /// A hash of the heartbeat without its time, and of its agent's identity. A heartbeat with an unchanged hash changes only times. Two different heartbeats collide once
    /// in 2^64; a sender that provokes a collision only hides its own change.
    private func fingerprint(identity: UUID?) -> Int {
        var content = self
        content.timestamp = Timestamp(microsecondsSinceEpoch: 0)
        var json = JSONWriter()
        content.write(to: &json)
        return Int(truncatingIfNeeded: Fingerprint.of(json.bytes + (identity.map { Array($0.text.utf8) } ?? [])))
    }

    /// The `Retry-After` for an instance that cannot be registered, in seconds, so that thousands of them do not retry with each heartbeat.
    private static var registrationPause: Int { 60 }

    private func refresh(_ identity: UUID?) -> RefreshHeartbeats {
        RefreshHeartbeats(instanceID: instanceID, fingerprint: fingerprint(identity: identity), sentAt: timestamp)
    }

    /// Most heartbeats repeat the content of the previous one.
    func store(in api: API, by principal: Principal?) async throws(Problem) -> HeartbeatOutcome {
        let identity = principal?.identity
        if try await api.run(refresh(identity)) { return .stored }
        return try await api.run(row(within: api.configuration, identity: identity))
    }

    static func store(
        _ beats: [Heartbeat],
        in api: API,
        by principal: Principal?
    ) async throws(Problem) -> [Result<HeartbeatOutcome, Problem>] {
        let identity = principal?.identity
        let isRefreshed = try await api.run(beats.map { $0.refresh(identity) })
        var outcomes: [Result<HeartbeatOutcome, Problem>] = isRefreshed.map { $0.map { _ in .stored } }
        let others = beats.indices.filter { (try? isRefreshed[$0].get()) == false }
        let rows = others.map { beats[$0].row(within: api.configuration, identity: identity) }
        for (index, outcome) in zip(others, try await api.run(rows)) { outcomes[index] = outcome }
        return outcomes
    }

    func receipt(_ outcome: HeartbeatOutcome) throws(Problem) -> IngestReceipt {
        switch outcome {
        case .stored: return IngestReceipt(status: .accepted)
        case .foreign:
            // An instance belongs to the bot in its first heartbeat. Only an operator can move it.
            throw Problem(
                status: 409,
                code: .instanceOfAnotherBot,
                detail: "instance '\(instanceID)' does not belong to bot '\(botID)'"
            )
        case .superseded:
            let detail = "another process reports for instance '\(instanceID)'"
            throw Problem(status: 409, code: .leaseLost, detail: detail)
        case .stranger:
            let detail =
                "instance '\(instanceID)' belongs to an agent with another credential; use that one, or let an admin revoke it"
            throw Problem(status: 409, code: .leaseLost, detail: detail)
        case .deleted:
            let detail = "instance '\(instanceID)' is being deleted; a later heartbeat registers it again"
            throw Problem(
                status: 409,
                code: .instanceBeingDeleted,
                detail: detail,
                retryAfterSeconds: Self.registrationPause
            )
        case .throttled:
            let detail = "REGISTRATIONS_PER_HOUR is reached; retry in a minute"
            throw Problem(.registrations, status: 429, detail, retryAfterSeconds: Self.registrationPause)
        case .full:
            let detail = "the fleet has reached INSTANCES_MAX; an admin can delete retired instances"
            throw Problem(.instances, status: 429, detail, retryAfterSeconds: Self.registrationPause)
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
