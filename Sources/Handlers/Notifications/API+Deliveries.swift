import ContractRuntime
import Generated
import Logging
import Notifications
import Postgres
import Synchronization

/// Deliveries that arrived while the database was away. They are marked before anything else is sent, so that nothing is sent twice.
final class UnmarkedDeliveries: Sendable {
    private let ids = Mutex<[String]>([])

    func add(_ more: [String]) {
        ids.withLock { $0 += more }
    }

    var isEmpty: Bool { ids.withLock { $0.isEmpty } }

    func take() -> [String] {
        ids.withLock { ids in
            defer { ids = [] }
            return ids
        }
    }
}

extension API {
    /// Tells people what they have to be told, again and again, until it is cancelled.
    ///
    /// - Parameter isNeeded: Whether this process has to; another one does otherwise.
    public func deliverNotifications(while isNeeded: @Sendable () -> Bool) async {
        guard !configuration.targets.isEmpty else { return }
        while (try? await Task.sleep(for: .milliseconds(500))) != nil {
            // Only this process can mark the deliveries that it has sent.
            guard isNeeded() || !unmarked.isEmpty else { continue }
            await deliverNotifications(within: .seconds(5))
        }
    }

    /// Tries to send everything that is due, to all targets side by side, and waits for what somebody else has begun to send. What fails
    /// is tried again later.
    ///
    /// A client who leaves meanwhile, and a server that ends, break nothing off: what is on its way would be sent again.
    ///
    /// - Parameter limit: How long a target may take.
    func deliverNotifications(within limit: Duration) async {
        // traps: the limit is a Duration of some seconds that the caller chose.
        await Task {
            // A sent delivery must be stored, even when its request has no time left.
            await RequestScope.within(limit + .seconds(2)) { await deliver(by: .now + limit) }
        }.value
    }

    /// Runs what has to be stored once people have been told: targets may have used up the time of the request.
    func afterTelling<Result>(
        within limit: Duration = .milliseconds(700),
        _ body: () async throws(Problem) -> Result
    ) async throws(Problem) -> Result {
        try await RequestScope.within(limit, body)
    }

    private func deliver(by deadline: ContinuousClock.Instant) async {
        let arrived = unmarked.take()
        if !arrived.isEmpty, (try? await run(.markSent(deliveryIDs: arrived))) == nil { return unmarked.add(arrived) }
        let names = configuration.targets.map(\.name)
        repeat {
            // Without the database there is nothing to tell; what waits there waits.
            guard (try? await run(.routeNotifications(configuration.targets))) != nil else { return }
            await withTaskGroup(of: Void.self) { group in
                for target in configuration.targets {
                    group.addTask { [self] in while await deliverNext(to: target, by: deadline) {} }
                }
            }
            // Another server may have begun with what this one came for.
            guard (try? await run(.isFirstTryPending(targets: names))) == true else { return }
        } while await Self.waits(until: deadline)
    }

    /// Waits a moment; false when it is too late for another.
    private static func waits(until deadline: ContinuousClock.Instant) async -> Bool {
        (try? await Task.sleep(for: .milliseconds(30))) != nil && ContinuousClock.now < deadline
    }

    /// Sends one message to a target; false when nothing is due or it should be left alone.
    private func deliverNext(to target: NotificationTarget, by deadline: ContinuousClock.Instant) async -> Bool {
        let remaining = deadline - .now
        guard remaining > .milliseconds(100) else { return false }
        let claimed = try? await transaction { transaction in try transaction.claim(target.name) }
        guard let claimed, let first = claimed.first else { return false }
        let message = Message(
            severity: first.severity,
            title: first.title,
            texts: claimed.map(\.message),
            time: first.createdAt
        )
        let outcome = await messenger.send(message, to: target, within: deadline - .now)
        await keep(outcome, of: claimed.map(\.deliveryID.text), to: target)
        return outcome == .sent
    }

    /// Writes down what became of deliveries. What arrived must not be sent again, so that is tried until the database takes it. What
    /// failed and is not marked is in hand for a minute, and then due again.
    private func keep(_ outcome: Messenger.Outcome, of deliveries: [String], to target: NotificationTarget) async {
        switch outcome {
        case .sent:
            if (try? await run(.markSent(deliveryIDs: deliveries))) == nil { unmarked.add(deliveries) }
        case .failed(let reason):
            logger.warning("notification failed", metadata: ["target": "\(target.name)", "reason": "\(reason)"])
            _ = try? await run(.markFailed(deliveryIDs: deliveries, error: reason))
        case .limited(let seconds):
            _ = try? await run(.markLimited(deliveryIDs: deliveries, target: target.name, seconds: seconds))
        }
    }
}

extension Transaction {
    /// Takes what is due for a target in hand, if it may be sent something now.
    fileprivate borrowing func claim(_ target: String) throws -> [ClaimDeliveriesRow] {
        _ = try run(.knowTarget(target: target))
        guard try run(.openTarget(target: target)) == true else { return [] }
        let claimed = try run(.claimDeliveries(target: target))
        if !claimed.isEmpty { _ = try run(.useTarget(target: target)) }
        return claimed
    }
}

extension Query where Result == Int {
    fileprivate static func routeNotifications(_ targets: [NotificationTarget]) -> Self {
        let routes = targets.flatMap { target in target.severities.map { (target.name, $0.rawValue) } }
        return routeNotifications(targets: routes.map(\.0), severities: routes.map(\.1))
    }
}
