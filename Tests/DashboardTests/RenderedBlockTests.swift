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
        let html = RenderedBlock(block(), csrf: "t0ken").html
        #expect(html.contains("&lt;b&gt;&amp;amp;"))
        #expect(html.contains(#"<input type="hidden" name="csrf" value="t0ken">"#))
        #expect(
            html.contains(
                #"<time datetime="2026-03-01T09:30:00Z" title="2026-03-01T09:30:00Z">2026-03-01 09:30:00Z</time>"#
            )
        )
    }

    @Test func `the version depends on the content, and not on the token and the time`() throws {
        let first = try version(RenderedBlock(block(), csrf: "a"))
        let later = block(at: time.adding(seconds: 9))
        #expect(try version(RenderedBlock(later, csrf: "b")) == first)
        #expect(try version(RenderedBlock(block("other"), csrf: "a")) != first)
    }

    @Test func `a known block has only its time`() throws {
        let known = [ExactText("one"): try version(RenderedBlock(block(), csrf: "a"))]
        let later = block(at: time.adding(seconds: 9))
        #expect(
            RenderedBlock(later, csrf: "b", known: KnownContent(blocks: known)).html
                == #"<section id="one" data-block data-same><time datetime="2026-03-01T09:30:09Z" "#
                + #"title="2026-03-01T09:30:09Z">2026-03-01 09:30:09Z</time></section>"#
        )
        let changed = RenderedBlock(block("other"), csrf: "b", known: KnownContent(blocks: known)).html
        #expect(changed.contains("other"))
    }

    // MARK: - Rows

    private func table(_ rows: [(key: String, text: String)], age: String) -> Block {
        let rows = rows.map { row in
            Row(
                key: row.key,
                cells: [Cell(text: row.text), Cell(time: Moment(iso: "2026-03-01T09:30:00Z", text: age))]
            )
        }
        let table = Table(caption: "Rows", columns: [.init("Text"), .init("Age")], rows: rows)
        return Block("rows", "Rows", asOf: time, .table(table))
    }

    /// The versions of the rows in rendered HTML.
    private func rows(_ block: RenderedBlock) -> Set<ExactText> {
        Set(block.html.matches(of: /data-row="([0-9a-f]{12})"/).map { ExactText(String($0.output.1)) })
    }

    @Test func `a known row has only its ages`() {
        let first = RenderedBlock(table([("a&b", "1"), ("c", "2")], age: "3 s"), csrf: "t")
        let known = rows(first)
        #expect(known.count == 2)
        let later = RenderedBlock(
            table([("a&b", "1"), ("c", "changed"), ("d", "new")], age: "7 s"),
            csrf: "t",
            known: KnownContent(rows: known)
        )
        #expect(later.html.contains(#"<tr data-key="a&amp;b" data-same="7 s"></tr>"#))
        #expect(later.html.contains("changed") && later.html.contains("new"))
        #expect(rows(later).count == 2 && rows(later).isDisjoint(with: known))
        #expect(later.html.contains("</tbody></table>"))
    }

    @Test func `rows with the same content and other keys are different rows`() {
        let known = rows(RenderedBlock(table([("a", "1")], age: "3 s"), csrf: "t"))
        let other = RenderedBlock(table([("b", "1")], age: "3 s"), csrf: "t", known: KnownContent(rows: known))
        #expect(!other.html.contains("data-same"))
    }
}
