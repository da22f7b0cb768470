import ContractRuntime
import Generated

/// A failed request to the control plane.
struct CallFailure: Error, CustomStringConvertible {
    /// The HTTP status of the response; nil without a response, when the outcome of the request is unknown.
    var status: Int?
    /// The problem code of the response; nil if it has none.
    var code: ProblemCode?
    /// The message for logs.
    var description: String
    /// The pause that the control plane asked for with `Retry-After`, 1 second to 1 hour.
    var retryAfter: Duration?

    /// Whether an earlier request of the same flush succeeded, so that the control plane is available and backoff starts again.
    var followsSuccess = false

    /// Whether a retry of the same request would fail again.
    var isFinal: Bool {
        switch status {
        case 400, 403, 404, 405, 409, 410, 413, 415, 422: true
        default: false
        }
    }
}

/// The requests of an agent to the control plane, over any transport. Each request has a separate time limit.
struct ControlPlane: Sendable {
    /// The time limit of requests other than polls.
    static let limit = Duration.seconds(10)
    /// The maximum size of a response, in bytes.
    private static let maximumResponseSize = 16 << 20

    let transport: any Transport
    let serverClock: ServerClock
    /// The agent's token, which may change; nil without one.
    let secret: @Sendable () -> String?

    /// Sends a heartbeat.
    func beat(_ heartbeat: Heartbeat, within limit: Duration) async throws(CallFailure) {
        _ = try await call(PostHeartbeat.Input(body: .heartbeat(heartbeat)).request, within: limit)
    }

    /// Polls for the pending commands of an instance, and returns each as undecoded JSON.
    ///
    /// - Parameter seconds: How long the control plane may hold the request until there is a command, 0 to 60.
    func commands(for instance: String, waiting seconds: Int) async throws(CallFailure) -> [JSONValue] {
        let request = ListPendingCommands.Input(instanceID: instance, wait: "\(seconds)s").request
        if case .array(let commands) = try await call(request, within: .seconds(seconds) + Self.limit) {
            return commands
        }
        throw CallFailure(description: "the response to the poll must be a JSON array of commands")
    }

    /// Sends an acknowledgement. Returns the new status of the command, or nil if the response does not contain it.
    func acknowledge(
        _ acknowledgement: Acknowledgement,
        within limit: Duration = ControlPlane.limit
    ) async throws(CallFailure) -> CommandStatus? {
        let input = AcknowledgeCommand.Input(commandID: acknowledgement.commandID, body: acknowledgement)
        return try await call(input.request, within: limit)["command_status"]?.text.flatMap(CommandStatus.init)
    }

    /// Sends up to 1,000 reports of one kind, and returns the rejected ones.
    func report(_ kind: ReportKind, _ elements: [JSONObject]) async throws(CallFailure) -> [RefusedReport] {
        let request =
            switch kind {
            case .metrics: PostMetric.Input(body: .array(elements)).request
            case .positions: PostPosition.Input(body: .array(elements)).request
            case .costs: PostCost.Input(body: .array(elements)).request
            case .executionQuality: PostExecutionSample.Input(body: .array(elements)).request
            case .orders: PostOrder.Input(body: .array(elements)).request
            case .fills: PostFill.Input(body: .array(elements)).request
            case .trades: PostTrade.Input(body: .array(elements)).request
            case .balances: PostBalances.Input(body: .array(elements)).request
            case .log: PostLogLine.Input(body: .array(elements)).request
            }
        guard case .array(let items)? = try await call(request, within: Self.limit)["items"] else { return [] }
        return items.compactMap(RefusedReport.init).filter { elements.indices.contains($0.index) }
    }

    /// Exchanges an enrolment code for a credential. Returns the seconds until it should be rotated.
    func enroll(_ request: AgentEnrolment, code: String) async throws(CallFailure) -> Int {
        var request = EnrollAgent.Input(body: request).request
        request.headers.add("X-Enrolment-Code", code)
        return try await delay(call(request, within: Self.limit))
    }

    /// Replaces the credential. Returns the seconds until the new one should be rotated.
    ///
    /// - Parameters:
    ///   - hash: The SHA-256 of the new secret.
    ///   - secret: The current secret; nil for the agent's.
    func rotate(to hash: String, with secret: String?) async throws(CallFailure) -> Int {
        var request = RotateCredential.Input(body: CredentialRotation(secretHash: hash)).request
        if let secret { request.headers.add(Self.tokenField, secret) }
        return try await delay(call(request, within: Self.limit))
    }

    private func delay(_ credential: JSONValue) throws(CallFailure) -> Int {
        guard case .number(let number)? = credential["rotate_in_seconds"], let seconds = Int(number.text) else {
            throw CallFailure(description: "the response must be a credential")
        }
        return seconds
    }

    // MARK: - Calling

    /// The header field of the agent's token.
    private static let tokenField = "X-Agent-Token"

    /// Sends a request, and returns the response body as JSON. Any 2xx status is a success, even if the body cannot be decoded, because the
    /// control plane may be newer or older than the agent.
    private func call(_ request: ClientRequest, within limit: Duration) async throws(CallFailure) -> JSONValue {
        var request = request
        if request.headers[Self.tokenField] == nil, let secret = secret() {
            request.headers.add(Self.tokenField, secret)
        }
        let response = try await send(request, within: limit)
        guard (200..<300).contains(response.status) else { throw await failure(response) }
        let bytes = try? await response.body.collect(upTo: Self.maximumResponseSize)
        return bytes.flatMap { try? JSONValue(json: $0) } ?? .null
    }

    /// Sends a request and reads the complete response, within the limit.
    private func send(_ request: ClientRequest, within limit: Duration) async throws(CallFailure) -> ClientResponse {
        let transport = transport
        do {
            let response = try await withThrowingTaskGroup(of: ClientResponse?.self) { group in
                group.addTask {
                    var response = try await transport.send(request)
                    response.body = ByteStream(try await response.body.collect(upTo: Self.maximumResponseSize))
                    return response
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next().flatMap { $0 }
            }
            guard let response else { throw CallFailure(description: "no response within \(limit)") }
            if let date = response.headers["Date"].flatMap({ Timestamp(httpDate: $0) }) { serverClock.observe(date) }
            return response
        } catch let failure as CallFailure {
            throw failure
        } catch {
            throw CallFailure(description: "no response: \(error)")
        }
    }

    private func failure(_ response: ClientResponse) async -> CallFailure {
        let seconds = response.headers["Retry-After"].flatMap { Int($0) }
        var failure = CallFailure(status: response.status, description: "status \(response.status)")
        failure.retryAfter = seconds.map { .seconds(min(max($0, 1), 3600)) }
        if let problem = try? await response.unexpected() as? Problem {
            failure.code = problem.contractCode
            failure.description = "\(response.status) \(problem.code): \(problem.detail)"
        }
        return failure
    }
}

/// A report that the control plane rejected.
struct RefusedReport {
    /// The index of the report in the request.
    let index: Int
    /// The problem code.
    let code: ProblemCode
    /// The message for logs.
    let detail: String
    /// The control plane's time, present if the report's timestamp was ahead of it.
    let serverTime: Timestamp?

    fileprivate init?(_ item: JSONValue) {
        guard item["status"]?.text == IngestOutcomeStatus.rejected.rawValue, case .number(let number)? = item["index"],
            let index = Int(number.text)
        else { return nil }
        self.index = index
        code = ProblemCode(rawValue: item["code"]?.text ?? "")
        detail = item["detail"]?.text ?? ""
        serverTime = item["server_time"]?.text.flatMap { Timestamp($0) }
    }
}
