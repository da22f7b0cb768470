import ContractRuntime
import Synchronization

/// Counts and slows wrong credentials at the API, by the address that they come from and by what was presented.
final class CredentialFailures: Sendable {
    /// How many an address has at once. Then one a second is answered without a pause.
    static let addressBurst = 100
    /// How often the same wrong token is looked up at once. Then it is once a second.
    static let tokenBurst = 10
    /// How many refusals are held back at once; others are answered without a pause.
    private static let pauseLimit = 1_000

    private let addresses = FailureLimiter<IPAddress?>(burst: addressBurst, interval: .seconds(1))
    private let tokens = FailureLimiter<String>(burst: tokenBurst, interval: .seconds(1))
    private let paused = Atomic(0)

    /// Whether a token was wrong so often that it is refused without another lookup.
    func isSlowed(tokenWithHash hash: String) -> Bool { tokens.secondsUntilAllowed(hash) != nil }

    /// Counts a wrong token; false when the address has sent too many.
    func record(tokenWithHash hash: String, from address: String) -> Bool {
        tokens.recordFailure(of: hash)
        return addresses.recordFailure(of: IPAddress(address)?.source) == nil
    }

    /// Holds a refusal back for a second, so that guesses on one connection are few.
    func pause() async {
        let count = paused.wrappingAdd(1, ordering: .relaxed).newValue
        defer { paused.wrappingSubtract(1, ordering: .relaxed) }
        if count <= Self.pauseLimit { try? await Task.sleep(for: .seconds(1)) }
    }
}
