import ContractRuntime
import Generated
import Logging
import Synchronization

/// Where acknowledgements go.
protocol AcknowledgementTarget: Sendable {
    /// Tells of a command that is about to be carried out; returns why it must not be, nil when it may.
    func claim(_ acknowledgement: Acknowledgement) async -> String?

    /// Tells what became of a command.
    func send(_ acknowledgement: Acknowledgement) async throws(CallFailure)
}

/// The control plane that gives the commands.
extension ControlPlane: AcknowledgementTarget {
    /// Somebody may have taken the command back since it was delivered. A control plane that does not answer keeps nobody from obeying.
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

/// The acknowledgements that are on their way. What is in the journal leaves it only when the target has it.
final class Outbox: Sendable {
    private static let mostRefusals = 1000

    private let journal: Journal
    private let target: any AcknowledgementTarget
    private let logger: Logger
    /// What is said of commands that were never begun; they are judged alike when they are delivered again.
    private let refusals = Mutex<[Acknowledgement]>([])
    /// Told when there is something to send.
    let changed = Signal()

    init(journal: Journal, target: any AcknowledgementTarget, logger: Logger) {
        self.journal = journal
        self.target = target
        self.logger = logger
    }

    /// Tells the target that a command is about to be carried out; returns why it must not be.
    func claim(_ acknowledgement: Acknowledgement) async -> String? { await target.claim(acknowledgement) }

    /// Says of a command that it will not be carried out.
    func refuse(_ acknowledgement: Acknowledgement) {
        refusals.withLock { refusals in
            if refusals.count < Self.mostRefusals { refusals.append(acknowledgement) }
        }
        changed.set()
    }

    /// Sends everything that waits.
    func flush() async throws {
        while let acknowledgement = refusals.withLock(\.first) {
            try await send(acknowledgement)
            refusals.withLock { _ = $0.removeFirst() }
        }
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
                logger.warning("\(error); it is sent without evidence")
                var brief = acknowledgement
                brief.evidence = nil
                return try await send(brief)
            }
            logger.error(
                "an acknowledgement was refused: \(error)",
                metadata: ["command_id": "\(acknowledgement.commandID.text)"]
            )
        }
    }
}
