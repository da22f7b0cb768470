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

    @Test func `several texts are lines below their title, with the time of the first`() {
        #expect(content(["i1 was lost"]) == "[CRITICAL] Heartbeat Lost\ni1 was lost\ntime=1970-01-01T00:00:00Z")
        #expect(
            content(["i1 was lost", "i2 was lost"])
                == "[CRITICAL] Heartbeat Lost (2)\ni1 was lost\ni2 was lost\ntime=1970-01-01T00:00:00Z"
        )
    }

    @Test func `texts that do not fit are counted`() {
        let lines = content(Array(repeating: String(repeating: "x", count: 900), count: 5)).split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines[0] == "[CRITICAL] Heartbeat Lost (5)")
        #expect(lines[3] == "… and 3 more: see GET /alerts")
    }

    @Test func `a message to Discord mentions no person, and a webhook receives the fields unchanged`() {
        let time = Timestamp(microsecondsSinceEpoch: 1_500_000)
        let message = Message(severity: .warning, title: "@here", texts: ["a\n*b*"], time: time)
        let content = "[WARNING] @\u{200B}here\\na \\\\*b\\\\*\\ntime=1970-01-01T00:00:01.500000Z"
        #expect(
            message.body(for: .discord).description
                == "{\"content\":\"\(content)\",\"allowed_mentions\":{\"parse\":[]}}"
        )
        #expect(
            message.body(for: .webhook).description
                == #"{"severity":"WARNING","title":"@here","messages":["a\n*b*"],"time":"1970-01-01T00:00:01.500000Z"}"#
        )
    }
}
