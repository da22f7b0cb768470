import ContractRuntime
import Testing

@testable import Handlers

@Suite struct CSVTests {
    /// A row with one text.
    private struct Note: ContractModel {
        let text: String

        init(_ text: String) { self.text = text }

        init?(from json: inout JSONReader) throws(JSONSyntaxError) {
            try json.skipValue()
            return nil
        }

        func write(to json: inout JSONWriter) {
            json.beginObject()
            json.member("text", text)
            json.endObject()
        }
    }

    private func csv(_ texts: String...) -> String { CSV(texts.map(Note.init), columns: ["text"]).text }

    @Test func `a text with U+0000 keeps its row`() {
        #expect(csv("a\0b", "c") == "text\r\na\0b\r\nc\r\n")
    }

    @Test(arguments: ["=1", "\u{200B}=1", "\0=1", "\u{1}=1", "\t=1", " @a"])
    func `a formula gets an apostrophe, also after invisible characters`(text: String) {
        #expect(csv(text) == "text\r\n'\(text)\r\n")
    }

    @Test func `other texts stay unchanged`() {
        #expect(csv("1=1", "\u{1}a", "") == "text\r\n1=1\r\n\u{1}a\r\n\r\n")
    }
}
