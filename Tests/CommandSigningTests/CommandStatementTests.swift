import CommandSigning
import ContractRuntime
import Digests
import Foundation
import Testing

/// The signed bytes, and the signatures of OpenSSL.
@Suite struct CommandStatementTests {
    /// The public key of the first vector of RFC 8032, section 7.1, and its private key as OpenSSL writes it.
    private static let publicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    private static let pem = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----

        """

    private static func key() throws -> SigningKey { try #require(SigningKey.read(pem: pem)?.first) }

    private func statement() throws -> CommandStatement {
        CommandStatement(
            commandID: try #require(UUID(uuidString: "0B9F6C1E-2A54-4D55-9F0E-6B6F3F2F6D11")),
            instanceID: "btc-maker-1a",
            commandType: "SET_MODE",
            payload: #"{"mode": "PAPER"}"#,
            expiresAt: Timestamp(microsecondsSinceEpoch: 1_772_357_700_000_000),
            author: "ann",
            sequence: 1_772_357_400_000_000
        )
    }

    @Test func `the signed bytes and the signature are those of the documentation`() throws {
        let key = try Self.key()
        #expect(key.id == "21fe31dfa154a261")
        #expect(key.verifyingKey.bytes.hexadecimal == Self.publicKey)
        let bytes = try #require(try statement().bytes(keyID: key.id))
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                flotilla-command-v1
                21fe31dfa154a261
                0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11
                btc-maker-1a
                SET_MODE
                c03086ec17ad5ec1e51ea41b8967b584b0d78170aff3f36778ee5f2b677b5038
                1772357700000000
                1772357400000000
                ann

                """
        )
        let signature = try #require(try statement().signature(by: key))
        #expect(
            signature
                == "6bd4997fcf111c3f24dba6161ae9a2402f0a199da2223a712fe269ad0f8567b3"
                + "b04b76b2ee4be1f51fe05f9fa82793e756d36c3648a71a9968327536b8c09807"
        )
        #expect(try statement().isSigned(by: key.verifyingKey, signature))
    }

    @Test(arguments: 0..<7)
    func `a signature of another statement does not verify`(_ index: Int) throws {
        let key = try Self.key()
        let signature = try #require(try statement().signature(by: key))
        var other = try statement()
        switch index {
        case 0: other.commandID = try #require(UUID(uuidString: "0B9F6C1E-2A54-4D55-9F0E-6B6F3F2F6D12"))
        case 1: other.instanceID = "btc-maker-1b"
        case 2: other.commandType = "FLATTEN"
        case 3: other.payload = #"{"mode":"PAPER"}"#
        case 4: other.expiresAt = other.expiresAt.adding(seconds: 1)
        case 5: other.author = "bob"
        default: other.sequence -= 1
        }
        #expect(try statement().isSigned(by: key.verifyingKey, signature))
        #expect(!other.isSigned(by: key.verifyingKey, signature))
    }

    @Test func `a signature has one meaning`() throws {
        let key = try Self.key()
        let statement = try statement()
        for signed in [CommandStatement.Purpose.command, .request, .approval(by: "bob"), .approval(by: "eve")] {
            let signature = try #require(statement.signature(by: key, for: signed))
            let meanings = [CommandStatement.Purpose.command, .request, .approval(by: "bob"), .approval(by: "eve")]
                .filter { statement.isSigned(by: key.verifyingKey, signature, for: $0) }
            #expect(meanings.map { "\($0)" } == ["\(signed)"])
        }
    }

    @Test func `a line break in a text cannot move the lines`() throws {
        let key = try Self.key()
        var statement = try statement()
        statement.author = "ann\nbob"
        #expect(statement.signature(by: key) == nil)
        #expect(!statement.isSigned(by: key.verifyingKey, String(repeating: "0", count: 128)))
    }

    @Test func `a key verifies the vector of RFC 8032`() throws {
        let key = try #require(VerifyingKey(hexadecimal: Self.publicKey))
        let signature: [UInt8] = [
            0xE5, 0x56, 0x43, 0x00, 0xC3, 0x60, 0xAC, 0x72, 0x90, 0x86, 0xE2, 0xCC, 0x80, 0x6E, 0x82, 0x8A, 0x84,
            0x87, 0x7F, 0x1E, 0xB8, 0xE5, 0xD9, 0x74, 0xD8, 0x73, 0xE0, 0x65, 0x22, 0x49, 0x01, 0x55, 0x5F, 0xB8,
            0x82, 0x15, 0x90, 0xA3, 0x3B, 0xAC, 0xC6, 0x1E, 0x39, 0x70, 0x1C, 0xF9, 0xB4, 0x6B, 0xD2, 0x5B, 0xF5,
            0xF0, 0x59, 0x5B, 0xBE, 0x24, 0x65, 0x51, 0x41, 0x43, 0x8E, 0x7A, 0x10, 0x0B,
        ]
        #expect(key.verifies(signature, of: []))
        #expect(!key.verifies(signature, of: [0]))
        #expect(!key.verifies(Array(signature.dropLast()), of: []))
        var other = signature
        other[63] ^= 1
        #expect(!key.verifies(other, of: []))
    }

    @Test(arguments: ["", "d75a98", String(repeating: "g", count: 64), publicKey + "00", " " + publicKey.dropFirst()])
    func `only 64 hexadecimal digits are a public key`(_ text: String) {
        #expect(VerifyingKey(hexadecimal: text) == nil)
    }

    @Test func `a file may have several keys, and only Ed25519 keys`() throws {
        let other = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7
            -----END PRIVATE KEY-----

            """
        #expect(SigningKey.read(pem: Self.pem)?.map(\.id) == ["21fe31dfa154a261"])
        #expect(SigningKey.read(pem: Self.pem + other)?.count == 2)
        // No key, a key on the curve P-256, also as the second one, and a truncated second key.
        let curve = """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyfWPiYE+n46HLnH0
            KqZOF1fJJU3MYrct3AELtAQ+oRyhRANCAAT+M/SrDepxkU21WCP3O1SUj0EwbZIH
            Mtu5pZpTKGSCIA5Zent7wmC6HCJ5mFgJkuk5cwAvMBKiiujwa7t45ewP
            -----END PRIVATE KEY-----

            """
        for text in ["", "secret", curve, Self.pem + curve, Self.pem + "-----BEGIN PRIVATE KEY-----\nMC4C\n"] {
            #expect(SigningKey.read(pem: text) == nil)
        }
    }
}
