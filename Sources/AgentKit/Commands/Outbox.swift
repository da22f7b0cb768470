import ContractRuntime
import Generated
import Logging
import Synchronization

/// A receiver of acknowledgements: a control plane or a file.
protocol AcknowledgementTarget: Sendable {
    /// Sends ACCEPTED before a command is executed. Returns the reason why the command must not be executed, or nil.
    func claim(_ acknowledgement: Acknowledgement) async -> String?

    /// Sends the outcome of a command.
    func send(_ acknowledgement: Acknowledgement) async throws(CallFailure)
}

extension ControlPlane: AcknowledgementTarget {
    /// The command may have been canceled since it was delivered. If the control plane does not answer within 2 seconds, the command is
    /// executed: FLATTEN must not depend on the network.
    func claim(_ acknowledgement: Acknowledgement) async -> String? {
        do throws(CallFailure) {
            let status = try await acknowledge(acknowledgement, within: .seconds(2)) ?? .accepted
            return status == .accepted ? nil : "the command is \(status.rawValue)"
        } catch {
            return error.status == 403 || error.status == 404 ? error.description : nil
        }
    }

    func send(_ acknowledgement: Acknowledgement) async throws(CallFailure) {
        _ = try await acknowledge(acknowledgement)
    }
}

/// Sends acknowledgements. Each one stays in the journal as unsent until the target has accepted it.
final class Outbox: Sendable {
    private static let maximumRefusals = 1000

    private let journal: Journal
    private let target: any AcknowledgementTarget
    private let logger: Logger
    /// Acknowledgements of refused commands. They are not in the journal: a repeated delivery is refused again.
    private let refusals = Mutex<[Acknowledgement]>([])
    /// Set when there is an acknowledgement to send.
    let changed = Signal()

    init(journal: Journal, target: any AcknowledgementTarget, logger: Logger) {
        self.journal = journal
        self.target = target
        self.logger = logger
    }

    /// Sends ACCEPTED before a command is executed. Returns the reason why the command must not be executed, or nil.
    func claim(_ acknowledgement: Acknowledgement) async -> String? { await target.claim(acknowledgement) }

    /// Adds the acknowledgement of a refused command, unless the same one waits already. Above the maximum it is dropped, and sent after the next
    /// delivery.
    func refuse(_ acknowledgement: Acknowledgement) {
        refusals.withLock { refusals in
            let isWaiting = refusals.contains {
                $0.commandID == acknowledgement.commandID
                    && $0.reason?.hasSameScalars(as: acknowledgement.reason ?? "") == true
            }
            if !isWaiting, refusals.count < Self.maximumRefusals { refusals.append(acknowledgement) }
        }
        changed.set()
    }

    /// Sends all pending acknowledgements. Throws at the first failure that a retry can fix.
    func flush() async throws {
        try await flushOutcomes()
        while let acknowledgement = refusals.withLock(\.first) {
            try await send(acknowledgement)
            refusals.withLock { _ = $0.removeFirst() }
            // Many forged commands must not delay the outcome of a genuine one.
            try await flushOutcomes()
        }
    }

    private func flushOutcomes() async throws {
        for acknowledgement in journal.unsent {
            try await send(acknowledgement)
            try await journal.sent(acknowledgement.commandID)
        }
    }

    private func send(_ acknowledgement: Acknowledgement) async throws(CallFailure) {
        do throws(CallFailure) {
            try await target.send(acknowledgement)
        } catch {
            guard error.isFinal else { throw error }
            if error.status == 413, acknowledgement.evidence != nil {
                // The outcome of the command matters more than its evidence, which stays in the journal.
                logger.warning("\(error); the acknowledgement is sent again without evidence")
                var brief = acknowledgement
                brief.evidence = nil
                return try await send(brief)
            }
            logger.error(
                "the control plane rejected an acknowledgement: \(error)",
                metadata: ["command_id": "\(acknowledgement.commandID.text)"]
            )
        }
    }
}
