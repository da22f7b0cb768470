import ContractRuntime
import Generated
import NIOHTTP1

/// Distinguishes polls of agents from requests of browsers. A poll marks commands as delivered, so a link, an image or a script of any page
/// must not cause one. Pages cannot send an agent's token.
enum AgentRequest {
    /// Whether a request for pending commands may come from an agent.
    ///
    /// Browsers send `Sec-Fetch-Mode` and `Sec-Fetch-Dest` only to this machine and over TLS (Fetch Metadata, section 2). Without them, their
    /// `Accept` and `User-Agent` fields tell. Some HTTP libraries send `Sec-Fetch-Mode: cors`. HEAD would deliver commands without their text.
    static func isPlausible(_ head: HTTPRequestHead) -> Bool {
        if head.method == .HEAD { return false }
        let headers = head.headers
        if headers.contains(name: "X-Agent-Token") { return true }
        let isFetched =
            headers["Sec-Fetch-Mode"].allSatisfy { $0 == "cors" || $0 == "same-origin" }
            && headers["Sec-Fetch-Dest"].allSatisfy { $0 == "empty" }
        let wantsPage = headers["Accept"].contains { text in
            ["text/html", "image/"].contains { text.lowercased().utf8.firstRange(of: $0.utf8) != nil }
        }
        let isBrowser = headers["User-Agent"].contains { $0.utf8.starts(with: "Mozilla/".utf8) }
        return isFetched && !wantsPage && !isBrowser
    }
}

extension Problem {
    static let agentsOnly = Problem(
        status: 403,
        code: .agentsOnly,
        detail:
            "a poll marks commands as delivered, and this request comes from a browser: list commands with GET /commands?instance_id=…"
    )
}
