public import ContractRuntime
import Logging

/// Gives an instance its credential, which its agent finds and rotates.
public enum Enrolment {
    /// How often a request without a response is repeated.
    private static let attempts = 5

    /// Exchanges an enrolment code for the credential of an instance, and stores it in the directory of its agent. Repeat the call if it
    /// fails: an instance enrolls once.
    ///
    /// - Parameters:
    ///   - configuration: The instance, its bot, its control plane and its directory.
    ///   - code: The code that `POST /enrolment-codes` returned.
    ///   - transport: Sends the requests. The default is HTTP to the configured URL.
    /// - Returns: Whether the credential is new; false if the stored one is valid.
    /// - Throws: `EnrolmentFailure` if the control plane refuses or does not respond; the file system's error.
    @discardableResult
    public static func enroll(
        _ configuration: AgentConfiguration,
        code: String,
        transport: (any Transport)? = nil
    ) async throws -> Bool {
        guard let url = configuration.controlPlaneURL else {
            throw EnrolmentFailure(description: "no control plane is configured")
        }
        let clock = AgentClock.system
        let credential = try Credential(in: configuration.instanceDirectory)
        let controlPlane = ControlPlane(
            transport: transport ?? HTTPTransport(url: url),
            serverClock: ServerClock(clock),
            secret: { nil }
        )
        var attempt = 1
        while true {
            do {
                return try await credential.enroll(
                    at: controlPlane,
                    code: code,
                    instanceID: configuration.instanceID,
                    botID: configuration.botID
                )
            } catch let failure as CallFailure {
                let isRefused = failure.status.map { $0 < 500 && $0 != 429 } ?? false
                if isRefused || attempt == attempts {
                    let detail = "cannot enroll instance '\(configuration.instanceID)': \(failure)"
                    throw EnrolmentFailure(description: detail)
                }
                try await Task.sleep(for: failure.retryAfter ?? clock.backoff(after: attempt, upTo: .seconds(5)))
                attempt += 1
            }
        }
    }
}

/// An enrolment that the control plane refused or did not answer.
public struct EnrolmentFailure: Error, CustomStringConvertible {
    /// The control plane's reason.
    public let description: String

    /// Creates a failure with a reason.
    public init(description: String) { self.description = description }
}
