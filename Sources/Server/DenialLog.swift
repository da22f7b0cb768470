import Handlers
import Logging

/// Writes denied requests to the audit log in the background, so that responses need not wait for it.
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
        // The API admits few denials per minute and counts the others, so the buffer fills up only while the database is unavailable.
        (denials, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1_000))
    }

    func add(_ name: String?, _ operation: String, from address: String) {
        guard api.admitsDenial(of: name, operation: operation, address: address) else { return }
        continuation.yield(Denial(name: name, operation: operation, address: address))
    }

    /// Stores denials until it is cancelled. Denials that the database rejects are written to the server's log.
    func run(logger: Logger) async {
        for await denial in denials {
            do {
                try await api.storeDenial(of: denial.name, operation: denial.operation, address: denial.address)
            } catch {
                logger.warning(
                    "request denied, but not recorded in the audit log",
                    metadata: [
                        "actor": "\(denial.name ?? "unknown")", "operation": "\(denial.operation)",
                        "address": "\(denial.address)",
                    ]
                )
            }
        }
    }
}
