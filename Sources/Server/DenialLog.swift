import Handlers
import Logging

/// Who was turned away, on the way to the audit log. The answer does not wait for it.
struct DenialLog: Sendable {
    private struct Denial: Sendable {
        let name: String?
        let operation: String
        let address: String
    }

    private let api: API
    private let denials: AsyncStream<Denial>
    private let continuation: AsyncStream<Denial>.Continuation

    init(_ api: API) {
        self.api = api
        // The API admits few denials a minute and counts the others, so the buffer fills up only while the database is unavailable.
        (denials, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1_000))
    }

    func add(_ name: String?, _ operation: String, from address: String) {
        guard api.admitsDenial(of: name, operation: operation, address: address) else { return }
        continuation.yield(Denial(name: name, operation: operation, address: address))
    }

    /// Stores what comes until it is cancelled. What the database does not take is in the server's log.
    func run(logger: Logger) async {
        for await denial in denials {
            do {
                try await api.storeDenial(of: denial.name, operation: denial.operation, address: denial.address)
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
