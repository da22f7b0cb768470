import Testing

@testable import Server

/// Texts from outside, in the log and in header fields.
@Suite struct TextTests {
    @Test(arguments: [
        ("plain é", "plain é"), ("a\nb\r\nc", "a\\u{A}b\\u{D}\\u{A}c"), ("\u{202E}evil", "\\u{202E}evil"),
        ("\u{2028}\u{0}\u{1B}[2J", "\\u{2028}\\u{0}\\u{1B}[2J"), ("\u{600}\n\u{301}", "\\u{600}\\u{A}\u{301}"),
    ])
    func `a text from outside is one line of the log`(text: String, expected: String) {
        #expect(TextLogHandler.visible(text).utf8.elementsEqual(expected.utf8))
    }

    @Test(arguments: [
        ("/bots", "/bots"), ("/a\r\nSet-Cookie: x=1", "/a  Set-Cookie: x=1"),
        ("a\n\u{301}b\u{7F}\tc", "a \u{301}b \tc"),
    ])
    func `a text from outside is one header field`(text: String, expected: String) {
        #expect(HeaderText.safe(text).utf8.elementsEqual(expected.utf8))
    }
}
