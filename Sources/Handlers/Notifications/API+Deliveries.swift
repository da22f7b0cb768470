import ContractRuntime
import Generated
import Logging
import Notifications
import Postgres
import Synchronization

/// Deliveries that succeeded while the database was unavailable. They are marked before anything else is sent, so that nothing is sent
/// twice.
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
    /// The maximum number of notifications that one statement routes, and of deliveries in one message.
    private static var most: Int { 5_000 }

    /// The configured targets, and subscribed browsers if web push is on.
    private var targets: [NotificationTarget] { configuration.targets + (configuration.push == nil ? [] : [.push]) }

    /// Delivers notifications until it is cancelled.
    ///
    /// - Parameter isNeeded: Whether this process must deliver. If not, another process does.
    public func deliverNotifications(while isNeeded: @Sendable () -> Bool) async {
        guard !targets.isEmpty else { return }
        while (try? await Task.sleep(for: .milliseconds(500))) != nil {
            // Only this process can mark the deliveries that it has sent.
            guard isNeeded() || !unmarked.isEmpty else { continue }
            await deliverNotifications(within: .seconds(5))
        }
    }

    /// Tries to send everything that is due, to all targets concurrently, and waits for deliveries that another server has started. Failed
    /// deliveries are retried later.
    ///
    /// Neither a client that disconnects nor a shutdown interrupts a delivery, because it would be sent again.
    ///
    /// - Parameter limit: The time limit per target.
    func deliverNotifications(within limit: Duration) async {
        // traps: the limit is a Duration of some seconds that the caller chose.
        await Task {
            // A sent delivery must be recorded, even if its request has no time left.
            await RequestScope.within(limit + .seconds(2)) { await deliver(by: .now + limit) }
        }.value
    }

    /// Runs statements after notifications were sent, with a new deadline: targets may have used up the request's time.
    func afterNotifying<Result>(
        within limit: Duration = .milliseconds(700),
        _ body: () async throws(Problem) -> Result
    ) async throws(Problem) -> Result {
        try await RequestScope.within(limit, body)
    }

    private func deliver(by deadline: ContinuousClock.Instant) async {
        guard let messenger else { return }
        let arrived = unmarked.take()
        if !arrived.isEmpty, (try? await run(.markSent(deliveryIDs: arrived))) == nil { return unmarked.add(arrived) }
        let (targets, names) = (targets, targets.map(\.name))
        repeat {
            // Without the database there is nothing to send.
            guard (try? await run(.routeNotifications(targets, most: Self.most))) != nil else { return }
            await withTaskGroup(of: Void.self) { group in
                for target in targets {
                    group.addTask { [self] in while await deliverNext(to: target, by: deadline, messenger) {} }
                }
            }
            // Another server may already be sending what this one is about to send.
            guard (try? await run(.isFirstTryPending(targets: names))) == true else { return }
        } while await Self.waits(until: deadline)
    }

    /// Waits briefly. Returns false if the deadline is too close for another attempt.
    private static func waits(until deadline: ContinuousClock.Instant) async -> Bool {
        (try? await Task.sleep(for: .milliseconds(30))) != nil && ContinuousClock.now < deadline
    }

    /// Sends one message to a target. Returns false if nothing is due or the target accepts no message yet.
    private func deliverNext(
        to target: NotificationTarget,
        by deadline: ContinuousClock.Instant,
        _ messenger: any MessageSender
    ) async -> Bool {
        let remaining = deadline - .now
        guard remaining > .milliseconds(100) else { return false }
        let losses = configuration.policy.lossTitle
        let claimed = try? await transaction { transaction in
            try transaction.claim(target.name, losses: losses, most: Self.most)
        }
        guard let claimed, let first = claimed.first else { return false }
        let message = Message(
            severity: first.severity,
            title: first.title,
            texts: claimed.map(\.message),
            time: first.createdAt,
            alertID: claimed.count == 1 ? first.alertID : nil
        )
        let limit = deadline - .now
        let outcome =
            target.kind == .push
            ? await push(message, exceptTo: first.reached ?? [], within: limit, messenger)
            : await messenger.send(message, to: target, within: limit)
        await keep(outcome, of: claimed.map(\.deliveryID.text), to: target)
        return outcome == .sent
    }

    /// Records the outcome of deliveries. A successful delivery must not be sent again, so recording it is retried until it succeeds. A
    /// failed delivery that cannot be recorded stays claimed for a minute and is then due again.
    private func keep(_ outcome: SendOutcome, of deliveries: [String], to target: NotificationTarget) async {
        switch outcome {
        case .sent:
            if (try? await run(.markSent(deliveryIDs: deliveries))) == nil { unmarked.add(deliveries) }
        case .failed(let reason): await keepFailure(reason, of: deliveries, to: target)
        case .partly(let reached, let reason): await keepFailure(reason, of: deliveries, to: target, reached: reached)
        case .limited(let seconds):
            _ = try? await run(.markLimited(deliveryIDs: deliveries, target: target.name, seconds: seconds))
        }
    }

    private func keepFailure(
        _ reason: String,
        of deliveries: [String],
        to target: NotificationTarget,
        reached: [String]? = nil
    ) async {
        logger.warning("notification failed", metadata: ["target": "\(target.name)", "reason": "\(reason)"])
        _ = try? await run(.markFailed(deliveryIDs: deliveries, error: reason, reached: reached))
    }
}

extension Transaction {
    /// Claims the due deliveries of a target, if something may be sent to it now.
    fileprivate borrowing func claim(_ target: String, losses: String, most: Int) throws -> [ClaimDeliveriesRow] {
        _ = try run(.knowTarget(target: target))
        guard try run(.openTarget(target: target)) == true else { return [] }
        let claimed = try run(.claimDeliveries(target: target, losses: losses, most: most))
        if !claimed.isEmpty { _ = try run(.useTarget(target: target)) }
        return claimed
    }
}

extension Query where Result == Int {
    fileprivate static func routeNotifications(_ targets: [NotificationTarget], most: Int) -> Self {
        let routes = targets.flatMap { target in target.severities.map { (target.name, $0.rawValue) } }
        return routeNotifications(targets: routes.map(\.0), severities: routes.map(\.1), most: most)
    }
}
