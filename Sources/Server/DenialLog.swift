import Handlers
import Logging

/// Who was turned away, on the way to the audit log. The answer does not wait for it.
struct DenialLog: Sendable {
    private struct Denial: Sendable {
        let name: String?
        let operation: String
        let address: String
    }

    private let denials: AsyncStream<Denial>
    private let continuation: AsyncStream<Denial>.Continuation

    init() {
        // An attacker must not fill our memory: what does not fit is only in the log.
        (denials, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1_000))
    }

    func add(_ name: String?, _ operation: String, from address: String) {
        continuation.yield(Denial(name: name, operation: operation, address: address))
    }

    /// Stores what comes until it is cancelled. What the database does not take is in the server's log.
    func run(_ api: API, logger: Logger) async {
        for await denial in denials {
            do {
                try await api.recordDenial(of: denial.name, operation: denial.operation, address: denial.address)
            } catch {
                logger.warning(
                    "denied, and not in the audit log",
                    metadata: [
                        "actor": "\(denial.name ?? "unknown")", "operation": "\(denial.operation)",
                        "address": "\(denial.address)",
                    ]
                )
            }
        }
    }
}
