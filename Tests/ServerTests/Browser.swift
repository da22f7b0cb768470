import Foundation
import TestSupport

@testable import Server

/// A browser that is logged in at a server's dashboard.
struct Browser: Sendable {
    private let web: RawHTTP
    let cookie: String
    /// The CSRF token in each form of the session.
    let csrf: String

    /// Logs in, by default with the admin token.
    init(_ server: RunningServer, token: String = RunningServer.token) async throws {
        let web = server.web
        let form = ["Content-Type": "application/x-www-form-urlencoded"]
        let login = try await web.send("POST", "/login", headers: form, body: "token=\(token)")
        self.init(web, cookie: login.headers["set-cookie"]?.split(separator: ";").first.map(String.init) ?? "")
    }

    /// Continues a session at a server's dashboard.
    ///
    /// - Parameter cookie: The name and the value of the session's cookie.
    init(_ web: RawHTTP, cookie: String) {
        self.web = web
        self.cookie = cookie
        csrf = FormToken.masked(ofSession: String(cookie.drop { $0 != "=" }.dropFirst()))
    }

    /// Requests a page.
    func get(_ path: String, headers: [String: String] = [:]) async throws -> RawHTTP.Response {
        try await web.send("GET", path, headers: ["Cookie": cookie].merging(headers) { $1 })
    }

    /// Sends a form with encoded fields.
    func post(_ path: String, _ fields: String, headers: [String: String] = [:]) async throws -> RawHTTP.Response {
        let own = ["Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"]
        return try await web.send("POST", path, headers: own.merging(headers) { $1 }, body: "csrf=\(csrf)&\(fields)")
    }
}
