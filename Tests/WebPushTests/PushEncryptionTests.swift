import ContractRuntime
import Digests
import Testing

@testable import WebPush

@Suite struct PushEncryptionTests {
    /// The subscription of RFC 8291, appendix A.
    private static let keys = SubscriptionKeys(
        publicKey: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        secret: "BTBZMqHH6r4Tts7J_aSIgg"
    )

    @Test func `a message is encrypted as in appendix A of RFC 8291`() throws {
        let scalar = try #require(Base64URL.decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
        let body = PushEncryption.encrypt(
            Array("When I grow up, I want to be a watermelon".utf8),
            for: try #require(Self.keys),
            with: try #require(P256PrivateKey(scalar: scalar)),
            salt: try #require(Base64URL.decode("DGv6ra1nlYgDCS1FRnbzlw"))
        )
        #expect(
            Base64URL.encode(body ?? [])
                == "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6P"
                + "Bru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        )
    }

    @Test func `messages are encrypted with different keys, up to 3,993 bytes`() throws {
        let keys = try #require(Self.keys)
        let message = [UInt8](repeating: 65, count: 3_993)
        let first = try #require(PushEncryption.encrypt(message, for: keys))
        #expect(first.count == 4_096)
        #expect(first != PushEncryption.encrypt(message, for: keys))
        #expect(PushEncryption.encrypt(message + [65], for: keys) == nil)
    }

    @Test(arguments: [
        ("", "BTBZMqHH6r4Tts7J_aSIgg"),
        (
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSI"
        ),
        (
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw+",
            "BTBZMqHH6r4Tts7J_aSIgg"
        ),
        ("AiVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx", "BTBZMqHH6r4Tts7J_aSIgg"),
    ])
    func `keys of another size or alphabet are rejected`(publicKey: String, secret: String) {
        #expect(SubscriptionKeys(publicKey: publicKey, secret: secret) == nil)
    }

    @Test func `a public key beside the curve is rejected`() throws {
        let text = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw8"
        let keys = try #require(SubscriptionKeys(publicKey: text, secret: "BTBZMqHH6r4Tts7J_aSIgg"))
        #expect(PushEncryption.encrypt([65], for: keys) == nil)
    }

    @Test(arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar", "\u{0}\u{FF}\u{7FF}"])
    func `base 64 is read as it is written`(text: String) {
        #expect(Base64URL.decode(Base64URL.encode(Array(text.utf8))) == Array(text.utf8))
    }

    @Test(arguments: ["A", "AB", "AAAA=", "A A", "+A"])
    func `malformed base 64 is rejected`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }
}
