import Digests
import Testing

/// HMAC-SHA-256 against test cases 1 and 2 of RFC 4231.
@Suite struct HMACSHA256Tests {
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
    ])
    func `messages have their published codes, also the second one with a key`(
        key: [UInt8],
        message: String,
        code: String
    ) {
        let codes = HMACSHA256(key: key)
        #expect(codes.code(for: Array(message.utf8)).hexadecimal == code)
        #expect(codes.code(for: Array(message.utf8)).hexadecimal == code)
    }
}
