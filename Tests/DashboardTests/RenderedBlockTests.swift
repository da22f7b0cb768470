import ContractRuntime
import Testing

@testable import Dashboard

@Suite struct RenderedBlockTests {
    private let time = Timestamp(microsecondsSinceEpoch: 1_772_357_400_000_000)

    private func block(_ text: String = "<b>&amp;", at time: Timestamp? = nil) -> Block {
        let form = Form(action: "/x", buttons: [Form.Button("Go")])
        let fact = Block.Fact("Action", Cell(text: text, forms: [form]))
        return Block("one", "One", asOf: time ?? self.time, .facts([fact]))
    }

    /// The version in rendered HTML.
    private func version(_ block: RenderedBlock) throws -> String {
        let start = try #require(block.html.firstRange(of: "data-version=\"")).upperBound
        return String(block.html[start...].prefix(16))
    }

    @Test func `a block has its text, token and time`() {
        let html = RenderedBlock(block(), csrf: "t0ken", known: [:]).html
        #expect(html.contains("&lt;b&gt;&amp;amp;"))
        #expect(html.contains(#"<input type="hidden" name="csrf" value="t0ken">"#))
        #expect(
            html.contains(
                #"<time datetime="2026-03-01T09:30:00Z" title="2026-03-01T09:30:00Z">2026-03-01 09:30:00Z</time>"#
            )
        )
    }

    @Test func `the version depends on the content, and not on the token and the time`() throws {
        let first = try version(RenderedBlock(block(), csrf: "a", known: [:]))
        let later = block(at: time.adding(seconds: 9))
        #expect(try version(RenderedBlock(later, csrf: "b", known: [:])) == first)
        #expect(try version(RenderedBlock(block("other"), csrf: "a", known: [:])) != first)
    }

    @Test func `a known block has only its time`() throws {
        let known = [ExactText("one"): try version(RenderedBlock(block(), csrf: "a", known: [:]))]
        let later = block(at: time.adding(seconds: 9))
        #expect(
            RenderedBlock(later, csrf: "b", known: known).html
                == #"<section id="one" data-block data-same><time datetime="2026-03-01T09:30:09Z" "#
                + #"title="2026-03-01T09:30:09Z">2026-03-01 09:30:09Z</time></section>"#
        )
        let changed = RenderedBlock(block("other"), csrf: "b", known: known).html
        #expect(changed.contains("other"))
    }
}
