import ContractRuntime
import Synchronization

/// Counts and slows down invalid credentials at the API, by source address and by token.
final class CredentialFailures: Sendable {
    /// Failures that an address may cause without delay; after that, one per second.
    static let addressBurst = 100
    /// Lookups of the same invalid token without delay; after that, one per second.
    static let tokenBurst = 10
    /// The maximum number of delayed rejections; further ones are sent without delay.
    private static let pauseLimit = 1_000

    private let addresses = FailureLimiter<IPAddress?>(burst: addressBurst, interval: .seconds(1))
    private let tokens = FailureLimiter<String>(burst: tokenBurst, interval: .seconds(1))
    private let paused = Atomic(0)

    /// Whether a token was invalid so often that it is rejected without another lookup.
    func isSlowed(tokenWithHash hash: String) -> Bool { tokens.secondsUntilAllowed(hash) != nil }

    /// Records an invalid token. Returns false if the address has sent too many.
    func record(tokenWithHash hash: String, from address: String) -> Bool {
        tokens.recordFailure(of: hash)
        return addresses.recordFailure(of: IPAddress(address)?.source) == nil
    }

    /// Delays a rejection by one second, to limit the rate of guesses on one connection.
    func pause() async {
        let count = paused.wrappingAdd(1, ordering: .relaxed).newValue
        defer { paused.wrappingSubtract(1, ordering: .relaxed) }
        if count <= Self.pauseLimit { try? await Task.sleep(for: .seconds(1)) }
    }
}
