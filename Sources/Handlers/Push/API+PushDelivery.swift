import ContractRuntime
import Notifications
import Postgres
import WebPush

extension API {
    /// The maximum number of concurrent requests to push services.
    private static var mostRequests: Int { 16 }

    /// Sends a message to the subscribed browsers that have not received it.
    ///
    /// - Parameters:
    ///   - reached: The subscriptions that accepted the message in an earlier attempt.
    ///   - limit: The time limit of each request.
    func push(
        _ message: Message,
        exceptTo reached: [String],
        within limit: Duration,
        _ messenger: any MessageSender
    ) async -> SendOutcome {
        guard let push = configuration.push else { return .failed("web push is off") }
        guard let rows = try? await readPrimary(.validPushSubscriptions(configured: push.principals)) else {
            return .failed("the subscriptions cannot be read")
        }
        let waiting = rows.filter { row in !reached.contains { $0.hasSameScalars(as: row.subscriptionID.text) } }
        var results = PushResults(reached: reached)
        await withTaskGroup(of: (String, PushOutcome).self) { group in
            for (index, row) in waiting.enumerated() {
                if index >= Self.mostRequests, let (id, outcome) = await group.next() { results.add(outcome, of: id) }
                group.addTask {
                    guard let request = push.request(for: row, with: message) else {
                        return (row.subscriptionID.text, .failed("the message cannot be encrypted"))
                    }
                    return (row.subscriptionID.text, await messenger.post(request, within: limit))
                }
            }
            for await (id, outcome) in group { results.add(outcome, of: id) }
        }
        // Only what pages show of the subscriptions is lost without it.
        _ = try? await run(
            .notePushResults(
                reached: results.accepted,
                failed: results.failed.map(\.id),
                errors: results.failed.map(\.reason),
                ended: results.ended
            )
        )
        return results.outcome
    }
}

/// The results of a message to several subscriptions.
struct PushResults {
    /// The subscriptions that have the message, from all attempts.
    private(set) var reached: [String]
    /// Those that accepted it in this attempt.
    private(set) var accepted: [String] = []
    private(set) var failed: [(id: String, reason: String)] = []
    private(set) var ended: [String] = []
    /// The longest time for which a service declined.
    private var pause: Double?

    init(reached: [String]) {
        self.reached = reached
    }

    mutating func add(_ outcome: PushOutcome, of id: String) {
        switch outcome {
        case .accepted:
            accepted.append(id)
            reached.append(id)
        case .ended: ended.append(id)
        case .limited(let seconds):
            failed.append((id, "the push service accepts no messages for now"))
            pause = max(pause ?? 0, seconds)
        case .failed(let reason): failed.append((id, reason))
        }
    }

    /// The outcome for the delivery: sent if every subscription that still exists has the message.
    var outcome: SendOutcome {
        if reached.isEmpty, failed.isEmpty { return .failed("no subscribed browser of a principal with a valid token") }
        guard let first = failed.first else { return .sent }
        if reached.isEmpty, let pause { return .limited(seconds: pause) }
        let count = reached.count + failed.count
        return .partly(reached: reached, "\(failed.count) of \(count) browsers: \(first.reason)")
    }
}

extension PushConfiguration {
    /// How long a push service keeps a message for a browser that is offline: 12 hours.
    private static let messageSeconds = 43_200
    /// The lifetime of an authorization, at most 24 hours (RFC 8292, section 2).
    private static let authorizationSeconds: Int64 = 43_200

    /// The request that sends a message; nil if the subscription's keys are unusable.
    fileprivate func request(for row: ValidPushSubscriptionsRow, with message: Message) -> PushRequest? {
        let expiry = Timestamp.now.adding(seconds: Self.authorizationSeconds)
        guard let endpoint = PushEndpoint(row.endpoint), allows(endpoint),
            let keys = SubscriptionKeys(publicKey: row.p256dh, secret: row.auth),
            let body = PushEncryption.encrypt(message.pushContent.bytes, for: keys),
            let authorization = key.authorization(for: endpoint.origin, contact: contact, until: expiry)
        else { return nil }
        return PushRequest(
            url: row.endpoint,
            authorization: authorization,
            lifetime: Self.messageSeconds,
            body: body
        )
    }
}
