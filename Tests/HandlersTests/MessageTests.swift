import ContractRuntime
import Generated
import Testing

@testable import Notifications

@Suite struct MessageTests {
    private func content(_ texts: [String], title: String = "Heartbeat Lost") -> String {
        let time = Timestamp(microsecondsSinceEpoch: 0)
        return Message(severity: .critical, title: title, texts: texts, time: time).discordContent
    }

    @Test(arguments: [
        ("@everyone", "@\u{200B}everyone"), ("\u{600}@everyone", "\u{600}@\u{200B}everyone"),
        ("[x]\u{301}(http://a)", "\\[x\\]\u{301}(http://a)"),
        ("`\u{20E3}<@1>\u{301}", "\\`\u{20E3}\\<@\u{200B}1\\>\u{301}"),
        ("a\nb\u{2028}c\u{85}d\u{0}", "a b c d "), ("\u{202E}abc\u{2066}", "abc"), ("\n\u{301}", " \u{301}"),
    ])
    func `a text has no meaning to Discord, whatever surrounds its special characters`(text: String, expected: String) {
        let lines = content([text]).unicodeScalars.split(separator: "\n").map { String($0) }
        #expect(lines.count == 3)
        #expect(lines[1].utf8.elementsEqual(expected.utf8), "\(lines[1])")
    }

    @Test(arguments: [
        "e" + String(repeating: "\u{301}", count: 10_000), String(repeating: "*", count: 10_000),
        String(repeating: "🦀", count: 10_000), String(repeating: "@", count: 9_999),
    ])
    func `a message with any text fits`(text: String) {
        for count in [1, 3, 200] {
            let message = content(Array(repeating: text, count: count), title: count == 1 ? "Test" : text)
            #expect(message.utf16.count <= 2_000)
            #expect(message.contains("…"))
            #expect(message.hasSuffix("time=1970-01-01T00:00:00Z"))
        }
    }
}
