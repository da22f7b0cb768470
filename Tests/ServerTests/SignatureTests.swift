import CommandSigning
import ContractRuntime
import Foundation
import Handlers
import Postgres
import TestSupport
import Testing

@testable import Server

/// The server signs what it has accepted, and nothing that it only finds in the database.
@Suite struct SignatureTests {
    @Test func `commands are signed for their instances, in an order that only increases`() async throws {
        try await Desk.signing { desk, key in
            for instance in ["i1", "i2"] { try await desk.beat(instance, "PAPER") }
            _ = try await desk.send("SYNC_BALANCE", to: "i1", #"{ "b": 1.50, "a": "é" }"#)
            let body = #"{"command_type":"SAFE_MODE","target":{"all":true},"ttl_seconds":600,"payload":{"why":"test"}}"#
            #expect(try await desk.server.post("/commands/bulk", body, token: "olga-secret").status == 202)
            let first = try await desk.delivered("i1")
            #expect(first.map(\.type) == ["SYNC_BALANCE", "SAFE_MODE"])
            #expect(first.map(\.payload) == [#"{"a": "é", "b": 1.50}"#, #"{"why": "test"}"#])
            for command in first + (try await desk.delivered("i2")) {
                #expect(command.keyID == key.id)
                #expect(command.author == "olga")
                #expect(command.isSigned(by: key))
            }
            #expect(first[0].sequence < first[1].sequence)
            // A sequence number that is more than a day ahead is ignored, another one is continued.
            let ahead = first[1].sequence + 1_000_000_000
            try await desk.sql("UPDATE command_sequences SET sequence = \(ahead)")
            _ = try await desk.send("SYNC_BALANCE", to: "i1")
            try await desk.sql("UPDATE command_sequences SET sequence = 9000000000000000000")
            _ = try await desk.send("SYNC_BALANCE", to: "i1")
            let later = try await desk.delivered("i1").map(\.sequence)
            #expect(later.count == 4 && later[2] == ahead + 1)
            #expect(later[3] > first[1].sequence && later[3] < ahead)
        }
    }

    @Test func `a command that needs approval is signed after the last approval`() async throws {
        try await Desk.signing(["COMMAND_APPROVERS": "2"]) { desk, key in
            try await desk.beat("i1", "LIVE")
            let command = try await desk.send("FLATTEN", to: "i1")
            #expect(try await desk.purposes() == ["REQUEST"])
            // An approval that was inserted does not count.
            try await desk.sql(
                """
                INSERT INTO command_approvals (command_id, approver, digest)
                SELECT command_id, 'forged', command_digest(commands) FROM commands
                """
            )
            let first = try await desk.approve(command.id, "ann-secret")
            #expect(try first.json()["status"] as? String == "AWAITING_APPROVAL")
            #expect(try await desk.approve(command.id, "ann-secret").status == 403)
            #expect(try await desk.purposes() == ["REQUEST"])
            let last = try await desk.approve(command.id, "dora-secret")
            #expect(try last.json()["status"] as? String == "PENDING")
            #expect(try await desk.purposes() == ["REQUEST", "SERVER"])
            // Delivery counts the row of the database, which does not matter to agents.
            let delivered = try await desk.delivered("i1")
            #expect(delivered.map { $0.isSigned(by: key) } == [true])
        }
    }

    @Test func `an approval of another command cannot be copied`() async throws {
        try await Desk.signing(["COMMAND_APPROVERS": "2"]) { desk, _ in
            try await desk.beat("i1", "LIVE")
            let approved = try await desk.send("FLATTEN", to: "i1")
            let other = try await desk.send("FLATTEN", to: "i1")
            #expect(try await desk.approve(approved.id, "ann-secret").status == 200)
            try await desk.sql(
                """
                INSERT INTO command_approvals (command_id, approver, digest, key_id, seal)
                SELECT commands.command_id, approver, command_digest(commands), approval.key_id, seal
                FROM commands, command_approvals AS approval
                WHERE commands.command_id = '\(other.id)'
                """
            )
            let response = try await desk.approve(other.id, "dora-secret")
            #expect(try response.json()["status"] as? String == "AWAITING_APPROVAL")
        }
    }

    @Test func `a command that must wait after all loses its signature until it is approved`() async throws {
        try await Desk.signing(["AGENT_AUTH": "required"]) { desk, key in
            let agent = try await desk.agent("i1")
            try await desk.beat("i1", "PAPER", agent)
            let command = try await desk.send("FLATTEN", to: "i1")
            let before = try #require(try await desk.delivered("i1", agent).first)
            #expect(before.isSigned(by: key))
            try await desk.beat("i1", "LIVE", agent)
            #expect(try await desk.delivered("i1", agent).isEmpty)
            #expect(try await desk.purposes() == ["REQUEST"])
            #expect(try await desk.approve(command.id, "ann-secret").status == 200)
            let after = try #require(try await desk.delivered("i1", agent).first)
            #expect(after.isSigned(by: key) && after.sequence > before.sequence)
            // A row that no server accepted gets no signature by this way.
            try await desk.sql(
                """
                INSERT INTO commands (command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by)
                VALUES ('00000000-0000-4000-8000-000000000001', 'i1', 'FLATTEN', now(), now() + interval '1 h', '{}', 'PENDING', 'olga')
                """
            )
            #expect(try await desk.delivered("i1", agent).map(\.id) == [command.id])
            let refused = try await desk.approve("00000000-0000-4000-8000-000000000001", "ann-secret")
            #expect(refused.status == 409)
            #expect(try refused.json()["code"] as? String == "COMMAND_NOT_SIGNED")
            let entry = try #require(try await desk.audit("COMMAND_APPROVE").first)
            #expect(entry.result == "REJECTED" && entry.details["code"] as? String == "COMMAND_NOT_SIGNED")
        }
    }

    @Test func `after a rotation the new key signs, and what the old one accepted can be approved`() async throws {
        let (old, new) = (try KeyFile(), try KeyFile())
        defer { old.remove(); new.remove() }
        try await TestDatabase.empty { url in
            let id = try await Desk.with(url, ["COMMAND_SIGNING_KEY_FILE": old.path]) { desk in
                try await desk.beat("i1", "LIVE")
                return try await desk.send("FLATTEN", to: "i1").id
            }
            try new.append(old)
            try await Desk.with(url, ["COMMAND_SIGNING_KEY_FILE": new.path]) { desk in
                let keys = try await desk.server.get("/command-keys").json()
                let items = try #require(keys["items"] as? [[String: Any]])
                #expect(items.map { $0["key_id"] as? String } == [new.key.id, old.key.id])
                #expect(items.map { $0["signer"] as? String } == ["SERVER", "SERVER"])
                #expect(try await desk.approve(id, "ann-secret").status == 200)
                let delivered = try await desk.delivered("i1")
                #expect(delivered.map { $0.isSigned(by: new.key) } == [true])
            }
        }
    }

    @Test(arguments: [
        ("/nonexistent/key", "an unreadable file"), ("", "a file without an Ed25519 private key"),
    ])
    func `a server with an unusable key does not start`(_ path: String, _ found: String) throws {
        let empty = FileManager.default.temporaryDirectory.appending(path: "key-\(UUID())")
        try Data("secret".utf8).write(to: empty)
        defer { try? FileManager.default.removeItem(at: empty) }
        let error = #expect(throws: ConfigurationError.self) {
            try RunningServer.configuration(
                "postgres:///none",
                ["COMMAND_SIGNING_KEY_FILE": path.isEmpty ? empty.path : path]
            )
        }
        #expect(
            error?.description
                == "COMMAND_SIGNING_KEY_FILE: found \(found), expected 1 to 10 unencrypted private keys, as openssl genpkey -algorithm ed25519 writes them"
        )
    }
}

/// A file with a new private key.
struct KeyFile {
    let path: String
    let key: SigningKey

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "key-\(UUID()).pem").path
        let seed = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        key = try #require(SigningKey(seed: seed))
        // A private key before its seed (RFC 8410, section 7).
        let prefix: [UInt8] = [
            0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ]
        let text = Data(prefix + seed).base64EncodedString()
        try Data("-----BEGIN PRIVATE KEY-----\n\(text)\n-----END PRIVATE KEY-----\n".utf8).write(
            to: URL(fileURLWithPath: path)
        )
    }

    /// Adds the key of another file after this one.
    func append(_ other: KeyFile) throws {
        let text =
            try String(contentsOfFile: path, encoding: .utf8) + String(contentsOfFile: other.path, encoding: .utf8)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// A signed command, as its agent gets it.
private struct DeliveredCommand {
    let id: String
    let type: String
    let author: String
    let keyID: String
    let sequence: Int
    let payload: String
    private let instance: String
    private let expiresAt: Timestamp
    private let signature: String

    init(_ json: [String: Any]) throws {
        id = try #require(json["command_id"] as? String)
        type = try #require(json["command_type"] as? String)
        author = try #require(json["created_by"] as? String)
        instance = try #require(json["instance_id"] as? String)
        expiresAt = try #require((json["expires_at"] as? String).flatMap { Timestamp($0) })
        let signatures = try #require(json["signatures"] as? [[String: Any]])
        #expect(signatures.map { $0["signer"] as? String } == ["SERVER"])
        keyID = try #require(signatures[0]["key_id"] as? String)
        sequence = try #require(signatures[0]["sequence"] as? Int)
        payload = try #require(signatures[0]["payload"] as? String)
        signature = try #require(signatures[0]["signature"] as? String)
    }

    func isSigned(by key: SigningKey) -> Bool {
        guard let id = UUID(uuidString: id) else { return false }
        let statement = CommandStatement(
            commandID: id,
            instanceID: instance,
            commandType: type,
            payload: payload,
            expiresAt: expiresAt,
            author: author,
            sequence: sequence
        )
        return statement.isSigned(by: key.verifyingKey, signature)
    }
}

extension Desk {
    /// A server that signs commands.
    fileprivate static func signing(
        _ settings: [String: String] = [:],
        _ body: @Sendable (Desk, SigningKey) async throws -> Void
    ) async throws {
        let file = try KeyFile()
        defer { file.remove() }
        try await with(settings.merging(["COMMAND_SIGNING_KEY_FILE": file.path]) { $1 }) { desk in
            try await body(desk, file.key)
        }
    }

    /// The pending commands of an instance, all of which must be signed.
    fileprivate func delivered(_ instance: String, _ token: String? = nil) async throws -> [DeliveredCommand] {
        let headers = token.map { ["X-Agent-Token": $0] } ?? [:]
        let response = try await server.api.send("GET", "/instances/\(instance)/commands/pending", headers: headers)
        let commands = try JSONSerialization.jsonObject(with: Data(response.body.utf8)) as? [[String: Any]]
        return try #require(commands, "\(response.body)").map { try DeliveredCommand($0) }
    }

    /// The purposes of the stored signatures.
    fileprivate func purposes() async throws -> [String] {
        try await database.run(
            Query(text: "SELECT coalesce(string_agg(purpose, ' ' ORDER BY purpose), '') FROM command_signatures")
        ).split(separator: " ").map(String.init)
    }
}
