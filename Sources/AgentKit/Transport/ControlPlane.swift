import ContractRuntime
import Generated

/// A call that did not do what it should.
struct CallFailure: Error, CustomStringConvertible {
    /// What the control plane answered; nil when nobody knows whether it got the call.
    var status: Int?
    /// The problem's code; empty when there is none.
    var code = ""
    /// What to tell people.
    var description: String
    /// For how long the control plane wants no further call.
    var retryAfter: Duration?

    /// Whether other calls succeeded right before, so that the control plane is not away.
    var followsSuccess = false

    /// Whether the same call can only fail again.
    var isFinal: Bool {
        switch status {
        case 400, 403, 404, 405, 409, 410, 413, 415, 422: true
        default: false
        }
    }
}

/// The calls of an agent, over any transport. Each has a time limit of its own.
struct ControlPlane: Sendable {
    /// For how long a call may take that is no waiting poll.
    static let limit = Duration.seconds(10)
    /// In bytes.
    private static let largestAnswer = 16 << 20

    let transport: any Transport
    let serverClock: ServerClock

    func beat(_ heartbeat: Heartbeat, within limit: Duration) async throws(CallFailure) {
        _ = try await call(PostHeartbeat.Input(body: .heartbeat(heartbeat)).request, within: limit)
    }

    /// The commands that an instance has to carry out, each as it came.
    ///
    /// - Parameter patience: How many seconds the control plane may wait for one, 0 to 60.
    func commands(for instance: String, waiting patience: Int) async throws(CallFailure) -> [JSONValue] {
        let request = ListPendingCommands.Input(instanceID: instance, wait: "\(patience)s").request
        if case .array(let commands) = try await call(request, within: .seconds(patience) + Self.limit) {
            return commands
        }
        throw CallFailure(description: "the answer is no list of commands")
    }

    /// Returns the status that the command has now; nil when the answer does not say.
    func acknowledge(
        _ acknowledgement: Acknowledgement,
        within limit: Duration = ControlPlane.limit
    ) async throws(CallFailure) -> CommandStatus? {
        let input = AcknowledgeCommand.Input(commandID: acknowledgement.commandID, body: acknowledgement)
        return try await call(input.request, within: limit)["command_status"]?.text.flatMap(CommandStatus.init)
    }

    /// Reports elements of one kind, at most a thousand; returns those that are refused.
    func report(_ kind: ReportKind, _ elements: [JSONObject]) async throws(CallFailure) -> [RefusedReport] {
        let request =
            switch kind {
            case .metrics: PostMetric.Input(body: .array(elements)).request
            case .positions: PostPosition.Input(body: .array(elements)).request
            case .costs: PostCost.Input(body: .array(elements)).request
            case .executionQuality: PostExecutionSample.Input(body: .array(elements)).request
            }
        guard case .array(let items)? = try await call(request, within: Self.limit)["items"] else { return [] }
        return items.compactMap(RefusedReport.init).filter { elements.indices.contains($0.index) }
    }

    // MARK: - Calling

    /// What is answered. A 2xx says that the call is done; what else an answer says is read as far as it is understood, for a control
    /// plane may be newer or older than its agents.
    private func call(_ request: ClientRequest, within limit: Duration) async throws(CallFailure) -> JSONValue {
        let response = try await send(request, within: limit)
        guard (200..<300).contains(response.status) else { throw await failure(response) }
        let bytes = try? await response.body.collect(upTo: Self.largestAnswer)
        return bytes.flatMap { try? JSONValue(json: $0) } ?? .null
    }

    /// Sends a request and reads the whole answer, within the limit.
    private func send(_ request: ClientRequest, within limit: Duration) async throws(CallFailure) -> ClientResponse {
        let transport = transport
        do {
            let response = try await withThrowingTaskGroup(of: ClientResponse?.self) { group in
                group.addTask {
                    var response = try await transport.send(request)
                    response.body = ByteStream(try await response.body.collect(upTo: Self.largestAnswer))
                    return response
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next().flatMap { $0 }
            }
            guard let response else { throw CallFailure(description: "no answer within \(limit)") }
            let date = response.headers.first { $0.name.lowercased() == "date" }
            if let date = date.flatMap({ Timestamp(httpDate: $0.value) }) { serverClock.observe(date) }
            return response
        } catch let failure as CallFailure {
            throw failure
        } catch {
            throw CallFailure(description: "no answer: \(error)")
        }
    }

    private func failure(_ response: ClientResponse) async -> CallFailure {
        let seconds = response.headers.first { $0.name.lowercased() == "retry-after" }.flatMap { Int($0.value) }
        var failure = CallFailure(status: response.status, description: "status \(response.status)")
        failure.retryAfter = seconds.map { .seconds(min(max($0, 1), 3600)) }
        if let problem = try? await response.unexpected() as? Problem {
            failure.code = problem.code
            failure.description = "\(response.status) \(problem.code): \(problem.detail)"
        }
        return failure
    }
}

/// A report that the control plane does not take.
struct RefusedReport {
    /// Its place among those that were sent.
    let index: Int
    /// The problem's code.
    let code: String
    /// What to tell people.
    let detail: String
    /// The control plane's time, where the report was dated ahead of it.
    let serverTime: Timestamp?

    fileprivate init?(_ item: JSONValue) {
        guard item["status"]?.text == IngestOutcomeStatus.rejected.rawValue, case .number(let number)? = item["index"],
            let index = Int(number.text)
        else { return nil }
        self.index = index
        code = item["code"]?.text ?? ""
        detail = item["detail"]?.text ?? ""
        serverTime = item["server_time"]?.text.flatMap { Timestamp($0) }
    }
}
