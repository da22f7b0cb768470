import Testing

@testable import ContractCompiler

@Suite struct JSONReaderTests {
    private func error(_ text: String) -> String? {
        do throws(ReadingError) {
            _ = try JSONReader.read(SourceFile(path: "/x.json", displayPath: "x.json", bytes: Array(text.utf8)))
            return nil
        } catch {
            return "\(error.location): \(error.message)"
        }
    }

    @Test func `every node has its location, and numbers keep their text`() throws {
        let file = SourceFile(
            path: "/x.json",
            displayPath: "x.json",
            bytes: Array("{\n \"a/b\": [1.50, \"\\ud83d\\ude00\"]\n}".utf8)
        )
        let root = try JSONReader.read(file)
        let number = try #require(root.node(at: "/a~1b/0"))
        #expect("\(number.location)" == "x.json:2:10")
        #expect(number.scalar?.text == "1.50")
        #expect(root.node(at: "/a~1b/1")?.string == "😀")
    }

    // Found by fuzzing: Swift joins "/" with a combining mark that follows it into one character.
    @Test func `a pointer finds names that begin with a combining mark`() throws {
        let text = "{\"\u{05A9}a\": {\"~\u{05A9}/\u{05A9}\": 1}}"
        let root = try JSONReader.read(SourceFile(path: "/x.json", displayPath: "x.json", bytes: Array(text.utf8)))
        let number = try #require(root.node(at: "/\u{05A9}a/~0\u{05A9}~1\u{05A9}"))
        #expect(number.pointer == "/\u{05A9}a/~0\u{05A9}~1\u{05A9}")
        #expect(number.scalar?.text == "1")
    }

    @Test(arguments: [
        ("{\"a\": 1, \"a\": 2}", "x.json:1:10: the key 'a' is given twice"),
        ("{\"a\": 1,}", "x.json:1:9: '}' where another value after ',' was expected"),
        ("[1 2]", "x.json:1:4: '2' where ',' or ']' was expected"),
        ("[01]", "x.json:1:2: '01' is not JSON"),
        ("[.5]", "x.json:1:2: '.5' is not JSON"),
        ("[5.]", "x.json:1:2: '5.' is not JSON"),
        ("[0x10]", "x.json:1:2: '0x10' is not JSON"),
        ("[NaN]", "x.json:1:2: 'NaN' is not JSON"),
        ("\"\\ud800\"", "x.json:1:2: unpaired surrogate"),
        ("\"a\nb\"", "x.json:1:3: '\n' where an escape instead of a control character was expected"),
        ("\"a", "x.json:1:1: unterminated string"),
        ("{} // no", "x.json:1:4: '/' where the end of the file was expected"),
        ("", "x.json:1:1: the end of the file where a value was expected"),
    ])
    func `invalid JSON is rejected with its location`(text: String, message: String) {
        #expect(error(text) == message)
    }

    @Test func `nesting has a limit`() {
        #expect(error(String(repeating: "[", count: 100_000)) == "x.json:1:257: more than 256 levels of nesting")
    }
}
