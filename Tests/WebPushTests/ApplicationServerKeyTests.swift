import ContractRuntime
import Digests
import Testing

@testable import WebPush

@Suite struct ApplicationServerKeyTests {
    private static let text = "c9f58f89813e9f8e872e71f42aa64e1757c9254dcc62b72ddc010bb4043ea11c"

    @Test func `the public key belongs to the private key`() {
        #expect(
            ApplicationServerKey(hexadecimal: Self.text)?.publicKey
                == "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
        )
    }

    @Test(arguments: [
        "", "c9f5", String(repeating: "0", count: 64), String(repeating: "f", count: 64),
        // The order of the curve.
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "c9f58f89813e9f8e872e71f42aa64e1757c9254dcc62b72ddc010bb4043ea11g",
    ])
    func `a number that is no private key is rejected`(text: String) {
        #expect(ApplicationServerKey(hexadecimal: text) == nil)
    }

    @Test func `an authorization names the service, its end and the contact`() throws {
        let key = try #require(ApplicationServerKey(hexadecimal: Self.text))
        let expiry = try #require(Timestamp("2026-11-28T12:00:00Z"))
        let text = try #require(
            key.authorization(for: "https://push.example.net", contact: "mailto:ops@example.com", until: expiry)
        )
        let token = try #require(text.split(separator: " ").dropFirst().first).dropFirst(2).dropLast()
        let parts = token.split(separator: ".").map { String($0) }
        try #require(parts.count == 3)
        #expect(text.hasPrefix("vapid t=\(token), k=\(key.publicKey)"))
        #expect(try decoded(parts[0]) == #"{"typ":"JWT","alg":"ES256"}"#)
        #expect(
            try decoded(parts[1])
                == #"{"aud":"https://push.example.net","exp":1795867200,"sub":"mailto:ops@example.com"}"#
        )
        #expect(Base64URL.decode(parts[2])?.count == 64)
    }

    private func decoded(_ text: String) throws -> String {
        String(decoding: try #require(Base64URL.decode(text)), as: UTF8.self)
    }
}
