import Mustache
import Testing

@testable import Dashboard

@Suite struct HTMLTextTests {
    @Test(arguments: [
        ("<a href='x'>&\"", "&lt;a href=&#39;x&#39;&gt;&amp;&quot;"), ("\u{600}<", "\u{600}&lt;"),
        ("\"\u{301}", "&quot;\u{301}"), ("'\u{20E3}", "&#39;\u{20E3}"),
        (">\u{200D}&\u{FE0F}", "&gt;\u{200D}&amp;\u{FE0F}"),
        ("\r\n<", "\r\n&lt;"), ("\u{226E}", "\u{226E}"), ("", ""),
    ])
    func `markup characters are escaped next to any other character`(text: String, expected: String) {
        #expect(HTMLText.escaped(text).utf8.elementsEqual(expected.utf8))
    }

    @Test(arguments: Templates.sources.map(\.name))
    func `each template is valid`(name: String) {
        #expect(Templates.library.getTemplate(named: name) != nil)
    }

    @Test(arguments: ["{{.text}}", "{{#.text}}{{.}}{{/.text}}", "{{#.list}}{{.}}{{/.list}}"])
    func `every inserted value is escaped by code points`(text: String) throws {
        struct Value {
            let text = "\u{600}<b>\u{301}"
            let list = ["\u{600}<b>\u{301}"]
        }
        let template = try #require(Templates.template(text))
        #expect(template.render(Value()).utf8.elementsEqual("\u{600}&lt;b&gt;\u{301}".utf8))
    }

    @Test(arguments: [
        "{{{.text}}}", "{{&.text}}", "{{% CONTENT_TYPE: TEXT}}{{.text}}", "{{=<% %>=}}<%{.text}%>",
        "{{{.drawing}}}{{{.text}}}",
    ])
    func `a template that inserts unescaped text is rejected`(text: String) {
        #expect(Templates.template(text) == nil)
    }
}
