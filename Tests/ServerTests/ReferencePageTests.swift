import Foundation
import Generated
import TestSupport
import Testing

@testable import Server

/// The API reference as a page.
@Suite struct ReferencePageTests {
    private func page() async throws -> RawHTTP.Response {
        try await RunningServer.with { server in try await server.web.send("GET", "/reference") }
    }

    @Test func `the reference has every operation and schema of the contract once`() async throws {
        let page = try await page()
        #expect(page.status == 200)
        for route in Route.allCases {
            #expect(page.body.components(separatedBy: #"<article id="\#(route.rawValue)">"#).count == 2, "\(route)")
        }
        // Every link has a target on the page.
        let links = page.body.matches(of: /href="#([^"]+)"/).map { String($0.output.1) }
        #expect(links.count > 300)
        for link in Set(links) { #expect(page.body.contains(#"id="\#(link)""#), "\(link)") }
        #expect(page.body.contains("<code>/commands/{command_id}/ack</code>"))
        #expect(page.body.contains("<small>no token, or agent token if required</small>"))
    }

    @Test func `the reference has no scripts, loads nothing and cannot be framed`() async throws {
        let page = try await page()
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        #expect(page.headers["content-security-policy"] == policy)
        for word in ["<script", "src=", "@import", "url(", "http-equiv"] { #expect(!page.body.contains(word)) }
    }

    @Test func `text of the contract is escaped`() {
        #expect(ReferencePage.escaped(#"<a href="x">&"#) == "&lt;a href=&quot;x&quot;&gt;&amp;")
    }
}
