import Foundation
import TestSupport

@testable import Server

/// A browser with a session on a server's dashboard.
struct Browser: Sendable {
    private let web: RawHTTP
    private let cookie: String
    /// The value that each form of the session carries.
    let csrf: String

    /// Logs in, with the admin token if no other is named.
    init(_ server: RunningServer, token: String = RunningServer.token) async throws {
        web = server.web
        let form = ["Content-Type": "application/x-www-form-urlencoded"]
        let login = try await web.send("POST", "/login", headers: form, body: "token=\(token)")
        cookie = login.headers["set-cookie"]?.split(separator: ";").first.map(String.init) ?? ""
        csrf = SessionAuthenticator.csrf(ofSession: String(cookie.drop { $0 != "=" }.dropFirst()))
    }

    /// Asks for a page.
    func get(_ path: String) async throws -> RawHTTP.Response {
        try await web.send("GET", path, headers: ["Cookie": cookie])
    }

    /// Sends a form, whose fields are encoded already.
    func post(_ path: String, _ fields: String, headers: [String: String] = [:]) async throws -> RawHTTP.Response {
        let own = ["Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"]
        return try await web.send("POST", path, headers: own.merging(headers) { $1 }, body: "csrf=\(csrf)&\(fields)")
    }
}
