import Testing

@testable import ContractRuntime

@Suite struct MediaTypeTests {
    // Found by fuzzing: Swift joins a delimiter with a combining mark that follows it into one character.
    @Test(arguments: [
        ("form-data; name=\"a\"; filename=\"b\"", "a"),
        ("form-data; name=\"\u{0301}a\"", "\u{0301}a"),
        ("form-data; name=\"a\"\u{0301}; filename=\"b\"", "a"),
        ("form-data; name=\"a\\\"\u{0301}b\"", "a\"\u{0301}b"),
        ("form-data; name=\u{0301}a;\u{0301}", "\u{0301}a"),
    ])
    func `the end of a parameter is found by bytes`(field: String, name: String) {
        #expect(MediaType.parameter("name", of: field).map { Array($0.utf8) } == Array(name.utf8))
    }

    @Test func `a combining mark does not hide where the parameters begin`() {
        #expect(MediaType.essence("text/plain;\u{0301}x") == "text/plain")
    }

    @Test func `part names keep combining marks`() throws {
        let shape = TextShape.object([:], others: .text)
        let body = "--x\r\nContent-Disposition: form-data; name=\"\u{0301}a\"\r\n\r\n1\r\n--x--\r\n"
        let json = try Multipart.json(
            of: Array(body.utf8),
            contentType: "multipart/form-data; boundary=x",
            shape: shape
        )
        #expect(String(decoding: json, as: UTF8.self) == "{\"\u{0301}a\":\"1\"}")
    }
}
