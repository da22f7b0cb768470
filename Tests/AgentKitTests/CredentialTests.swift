import ContractRuntime
import Digests
import Foundation
import Generated
import Logging
import Synchronization
import Testing

@testable import AgentKit

/// The credential of an enrolled instance: responses that are lost, damaged files, and what it replaces.
@Suite struct CredentialTests {
    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "credential-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func configuration(_ folder: String) -> AgentConfiguration {
        var configuration = AgentConfiguration(
            instanceID: "i1",
            botID: "b1",
            exchange: "binance",
            symbol: "BTCUSDT",
            controlPlaneURL: "http://127.0.0.1:1"
        )
        configuration.dataDirectory = folder
        return configuration
    }

    @Test func `a lost response of an enrolment is made up for, and the code counts once`() async throws {
        try await inFolder { folder in
            let authority = Authority()
            authority.losses.withLock { $0 = 2 }
            #expect(try await Enrolment.enroll(configuration(folder), code: "enr_1", transport: authority))
            #expect(authority.enrolled.withLock { $0 } == 1)
            #expect(authority.requests.withLock { $0 } == ["/agents/enroll", "/agents/enroll", "/agents/enroll"])
            #expect(try await !Enrolment.enroll(configuration(folder), code: "enr_1", transport: authority))
            let path = folder + "/i1/credential.json"
            let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(permissions == 0o600)
            let stored = try #require(try Credential(in: folder + "/i1").secret)
            #expect(authority.valid.withLock { $0 } == [SHA256.hexadecimal(of: stored)])
            // Another directory has another secret, and the instance has a credential.
            await #expect(throws: EnrolmentFailure.self) {
                try await Enrolment.enroll(configuration(folder + "/other"), code: "enr_1", transport: authority)
            }
            #expect(try Credential(in: folder + "/other/i1").secret == nil)
        }
    }

    @Test func `an agent sends its credential, rotates it when it is due, and adopts a successor after a rejection`()
        async throws
    {
        try await inFolder { folder in
            let authority = Authority()
            try await Enrolment.enroll(configuration(folder), code: "enr_1", transport: authority)
            let path = folder + "/i1/credential.json"
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let first = try #require(try Credential(in: folder + "/i1").secret)
            try await Agent(configuration(folder), transport: authority, logger: logger).beat()
            // The rotation's response is lost, and the old secret ends before the agent tries again.
            let controlPlane = ControlPlane(
                transport: authority,
                serverClock: ServerClock(.system),
                secret: { first }
            )
            authority.losses.withLock { $0 = 1 }
            await #expect(throws: CallFailure.self) {
                try await Credential(in: folder + "/i1").rotate(at: controlPlane)
            }
            #expect(try Credential(in: folder + "/i1").secret == first)
            authority.valid.withLock { _ = $0.remove(SHA256.hexadecimal(of: first)) }
            try await Credential(in: folder + "/i1").rotate(at: controlPlane)
            let second = try #require(try Credential(in: folder + "/i1").secret)
            #expect(authority.valid.withLock { $0 } == [SHA256.hexadecimal(of: second)])
            // Due now: the agent rotates without being asked.
            try Files.replace(path, with: Array(#"{"token":"\#(second)","rotate_at":0}"#.utf8))
            let agent = try Agent(configuration(folder), transport: authority, logger: logger)
            try await agent.run {
                let end = ContinuousClock.now + .seconds(30)
                while try Credential(in: folder + "/i1").secret == second, ContinuousClock.now < end {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let third = try #require(try Credential(in: folder + "/i1").secret)
            #expect(third != second)
            #expect(authority.valid.withLock { $0.contains(SHA256.hexadecimal(of: third)) })
            #expect(authority.rejections.withLock { $0 } == 1)
        }
    }

    @Test(arguments: ["", "[]", #"{"token":1}"#, #"{"token":"a","next":[]}"#])
    func `a damaged credential stops the start`(text: String) async throws {
        try await inFolder { folder in
            try Files.makeDirectory(folder)
            try Files.replace(folder + "/credential.json", with: Array(text.utf8))
            let error = #expect(throws: AgentConfigurationError.self) { try Credential(in: folder) }
            #expect(error?.description.hasSuffix("it is damaged; delete it, and enroll the instance again") == true)
        }
    }

    @Test func `extreme times in the file are due or wait an hour`() async throws {
        try await inFolder { folder in
            try Files.makeDirectory(folder)
            for (time, seconds) in [
                ("-9223372036854775808", 0), ("9223372036854775807", 3_600), ("1e99", 0), ("null", 0),
            ] {
                let text = #"{"token":"a","rotate_at":\#(time)}"#
                try Files.replace(folder + "/credential.json", with: Array(text.utf8))
                #expect(try Credential(in: folder).dueIn == .seconds(seconds), "\(time)")
            }
        }
    }

    @Test func `a configured token counts instead of the credential`() async throws {
        try await inFolder { folder in
            let authority = Authority()
            try await Enrolment.enroll(configuration(folder), code: "enr_1", transport: authority)
            var configuration = configuration(folder)
            configuration.token = "flt_other"
            let agent = try Agent(configuration, transport: authority)
            await #expect(throws: CallFailure.self) { try await agent.beat() }
            #expect(authority.rejections.withLock { $0 } == 1)
        }
    }
}

/// A control plane that knows hashes of secrets, and can lose its responses.
private final class Authority: Transport {
    private struct ResponseLost: Error {}

    /// The number of next responses to lose.
    let losses = Mutex(0)
    let valid = Mutex<Set<String>>([])
    let enrolled = Mutex(0)
    let rejections = Mutex(0)
    let requests = Mutex<[String]>([])

    func send(_ request: ClientRequest) async throws -> ClientResponse {
        let response = respond(to: request)
        requests.withLock { $0.append(request.path) }
        let isLost = losses.withLock { losses in
            defer { losses = max(losses - 1, 0) }
            return losses > 0
        }
        if isLost { throw ResponseLost() }
        return response
    }

    private func respond(to request: ClientRequest) -> ClientResponse {
        guard case .bytes(let bytes) = request.body.encoded(for: .request).0 else { return answer(200, "[]") }
        let hash = (try? JSONValue(json: bytes))?["secret_hash"]?.text ?? ""
        if request.path == "/agents/enroll" {
            guard request.headers["X-Enrolment-Code"] == "enr_1" else { return problem(401, "UNAUTHORIZED") }
            return valid.withLock { valid in
                if valid.contains(hash) { return credential }
                guard valid.isEmpty else { return problem(409, "INSTANCE_ENROLLED") }
                valid = [hash]
                enrolled.withLock { $0 += 1 }
                return credential
            }
        }
        let isKnown = request.headers["X-Agent-Token"].map { token in
            valid.withLock { $0.contains(SHA256.hexadecimal(of: token)) }
        }
        guard isKnown == true else {
            rejections.withLock { $0 += 1 }
            return problem(401, "UNAUTHORIZED")
        }
        guard request.path == "/agents/rotate" else { return answer(202, #"{"status":"accepted"}"#) }
        valid.withLock { _ = $0.insert(hash) }
        return credential
    }

    private var credential: ClientResponse {
        answer(
            201,
            #"{"token_id":"0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11","instance_id":"i1","expires_at":"2026-03-31T09:30:00Z","rotate_in_seconds":864000}"#
        )
    }

    private func problem(_ status: Int, _ code: String) -> ClientResponse {
        answer(
            status,
            #"{"type":"about:blank","title":"t","status":\#(status),"detail":"d","code":"\#(code)","request_id":"r"}"#,
            "application/problem+json"
        )
    }

    private func answer(_ status: Int, _ body: String, _ type: String = "application/json") -> ClientResponse {
        ClientResponse(status: status, headers: ["Content-Type": type], body: ByteStream(Array(body.utf8)))
    }
}
