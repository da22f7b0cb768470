import ContractRuntime
import Digests
import Foundation
import Generated
import Synchronization

/// The credential of an enrolled instance: a file in its directory, which the agent rotates. The Python SDK reads and writes the
/// same file.
///
/// The agent chooses each secret and writes it to the file before it sends the hash, so a lost response loses nothing.
final class Credential: Sendable {
    private struct State {
        /// The secret that the control plane knows; nil if the instance is not enrolled.
        var secret: String?
        /// The secret that the agent has chosen, and whose hash the control plane may know.
        var next: String?
        /// When to rotate, in seconds since 1970.
        var rotateAt = 0
    }

    /// The longest pause before the agent looks at its clock again: the clock may jump.
    private static let longestWait = 3_600

    private let path: String
    private let wall: @Sendable () -> Timestamp
    private let state: Mutex<State>

    /// Reads the file, if it exists.
    ///
    /// - Throws: `AgentConfigurationError` if the file is damaged; the file system's error if it cannot be read.
    init(in directory: String, wall: @escaping @Sendable () -> Timestamp = { .now }) throws {
        path = directory + "/credential.json"
        self.wall = wall
        var state = State()
        if let bytes = try Files.read(path) {
            guard let body = try? JSONValue(json: bytes), case .object = body, let secret = Self.text(body["token"]),
                let next = Self.text(body["next"])
            else {
                let detail = "\(path): it is damaged; delete it, and enroll the instance again"
                throw AgentConfigurationError(description: detail)
            }
            (state.secret, state.next) = (secret, next)
            if case .number(let number)? = body["rotate_at"] { state.rotateAt = Int(number.text) ?? 0 }
        }
        self.state = Mutex(state)
    }

    /// The stored credential of an instance that has no other token; nil if it is not enrolled.
    static func of(_ configuration: AgentConfiguration, _ clock: AgentClock) throws -> Credential? {
        guard configuration.token == nil else { return nil }
        let credential = try Credential(in: configuration.instanceDirectory, wall: clock.wall)
        return credential.secret == nil ? nil : credential
    }

    /// A text or null; nil for any other value.
    private static func text(_ value: JSONValue?) -> String?? {
        switch value {
        case nil, .null?: .some(nil)
        case .string(let text)?: .some(text.isEmpty ? nil : text)
        default: nil
        }
    }

    /// The secret that the control plane knows; nil if the instance is not enrolled.
    var secret: String? { state.withLock { $0.secret } }

    /// The time until the credential should be rotated.
    var dueIn: Duration {
        let left = state.withLock { $0.rotateAt }.subtractingReportingOverflow(now)
        return .seconds(left.overflow ? 0 : min(max(left.partialValue, 0), Self.longestWait))
    }

    private var now: Int { Int(truncatingIfNeeded: wall().microsecondsSinceEpoch / 1_000_000) }

    /// Exchanges a code for the credential. A call after a lost response continues the same enrolment, which counts once.
    ///
    /// - Returns: Whether it is new; the stored credential may be valid already.
    func enroll(
        at controlPlane: ControlPlane,
        code: String,
        instanceID: String,
        botID: String
    ) async throws -> Bool {
        if let secret, try await isAccepted(secret, by: controlPlane) { return false }
        let secret = try chooseNext()
        let request = AgentEnrolment(
            instanceID: instanceID,
            botID: botID,
            secretHash: SHA256.hexadecimal(of: secret)
        )
        let delay: Int
        do throws(CallFailure) {
            delay = try await controlPlane.enroll(request, code: code)
        } catch {
            // A repeated enrolment whose code has expired since: the first response may have been lost.
            guard [401, 409].contains(error.status), try await isAccepted(secret, by: controlPlane) else { throw error }
            delay = try await controlPlane.rotate(to: SHA256.hexadecimal(of: secret), with: secret)
        }
        try adopt(secret, rotatingIn: delay)
        return true
    }

    /// Replaces the secret.
    func rotate(at controlPlane: ControlPlane) async throws {
        let secret = try chooseNext()
        let hash = SHA256.hexadecimal(of: secret)
        let delay: Int
        do throws(CallFailure) {
            delay = try await controlPlane.rotate(to: hash, with: nil)
        } catch {
            // The current secret has expired since a rotation whose response was lost.
            guard error.status == 401 else { throw error }
            delay = try await controlPlane.rotate(to: hash, with: secret)
        }
        try adopt(secret, rotatingIn: delay)
    }

    /// Whether the control plane accepts a secret: a rotation to itself changes nothing.
    private func isAccepted(_ secret: String, by controlPlane: ControlPlane) async throws(CallFailure) -> Bool {
        do throws(CallFailure) {
            _ = try await controlPlane.rotate(to: SHA256.hexadecimal(of: secret), with: secret)
            return true
        } catch {
            guard [401, 409].contains(error.status) else { throw error }
            return false
        }
    }

    private func chooseNext() throws -> String {
        try state.withLock { state in
            if let next = state.next { return next }
            var generator = SystemRandomNumberGenerator()
            let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz")
            // 45 digits of a 54-character alphabet have 258 bits.
            let next = "flt_" + String((0..<45).map { _ in digits.randomElement(using: &generator) ?? "0" })
            // A secret that is not in the file must not be sent, also in a later attempt.
            var chosen = state
            chosen.next = next
            try save(chosen)
            state = chosen
            return next
        }
    }

    private func adopt(_ secret: String, rotatingIn seconds: Int) throws {
        let rotateAt = now.addingReportingOverflow(seconds)
        try state.withLock { state in
            state = State(secret: secret, next: nil, rotateAt: rotateAt.overflow ? now : rotateAt.partialValue)
            try save(state)
        }
    }

    /// Writes the file, which only the user can read.
    private func save(_ state: State) throws {
        if let end = path.lastIndex(of: "/") { try Files.makeDirectory(String(path[..<end])) }
        let body = JSONObject { json in
            json.member("token", state.secret)
            json.member("next", state.next)
            json.member("rotate_at", state.rotateAt)
        }
        try Files.replace(path, with: body.bytes)
    }
}
