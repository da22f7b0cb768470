import Foundation
import TestSupport

@testable import Server

/// A browser that is logged in at a server's dashboard.
struct Browser: Sendable {
    private let web: RawHTTP
    private let cookie: String
    /// The CSRF token in each form of the session.
    let csrf: String

    /// Logs in, by default with the admin token.
    init(_ server: RunningServer, token: String = RunningServer.token) async throws {
        web = server.web
        let form = ["Content-Type": "application/x-www-form-urlencoded"]
        let login = try await web.send("POST", "/login", headers: form, body: "token=\(token)")
        cookie = login.headers["set-cookie"]?.split(separator: ";").first.map(String.init) ?? ""
        csrf = FormToken.masked(ofSession: String(cookie.drop { $0 != "=" }.dropFirst()))
    }

    /// Requests a page.
    func get(_ path: String) async throws -> RawHTTP.Response {
        try await web.send("GET", path, headers: ["Cookie": cookie])
    }

    /// Sends a form with encoded fields.
    func post(_ path: String, _ fields: String, headers: [String: String] = [:]) async throws -> RawHTTP.Response {
        let own = ["Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"]
        return try await web.send("POST", path, headers: own.merging(headers) { $1 }, body: "csrf=\(csrf)&\(fields)")
    }
}
