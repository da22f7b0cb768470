import Digests
import Testing

/// SHA-256 against the examples of FIPS 180-4, and the one of an empty message.
@Suite struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]) func `texts have their published hashes`(text: String, hash: String) {
        #expect(SHA256.hexadecimal(of: text) == hash)
    }

    @Test func `a message in parts has the hash of the whole`() {
        var sum = SHA256()
        for _ in 0..<1_000 { sum.update([UInt8](repeating: UInt8(ascii: "a"), count: 1_000)) }
        let hash = sum.hash
        #expect(hash.hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}
