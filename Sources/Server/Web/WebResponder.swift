import ContractRuntime
import Generated
import NIOHTTP1

/// The web listener: one page that says whether the service is well, the API's reference, and the health check under `/api`.
///
/// It shows nothing of the fleet, for it asks for no credentials.
struct WebResponder<API: Operations>: Responder {
    let api: API
    let apiAddress: String?
    /// Whether agents need no credentials although other machines reach the API.
    let isExposed: Bool

    func admit(_ head: HTTPRequestHead, from address: String) -> Admission {
        let id = RequestID.of(head)
        let path = head.uri.prefix { $0 != "?" }
        guard let action = action(path, id) else { return .refused(Answer(.notFound, requestID: id)) }
        guard head.method == .GET || head.method == .HEAD else {
            var answer = Answer(.methodNotAllowed, requestID: id)
            answer.headers.add(name: "Allow", value: "GET, HEAD")
            return .refused(answer)
        }
        return .admitted(AdmittedRequest(id: id) { _ in await action() })
    }

    private func action(_ path: Substring, _ id: String) -> (@Sendable () async -> Answer)? {
        switch path {
        case "/": { await page(id) }
        case "/reference": { html(ReferenceText.html, status: 200, id) }
        case "/api/healthz": { await health(id) }
        default: nil
        }
    }

    func respond(to request: AdmittedRequest, body: [UInt8]) async -> Answer {
        await request.action(body)
    }

    private func health(_ id: String) async -> Answer {
        do throws(Problem) {
            let response = try await api.respond(to: Request(), on: .getHealth)
            return Answer(response, requestID: id)
        } catch {
            return Answer(error, requestID: id)
        }
    }

    private func page(_ id: String) async -> Answer {
        let isReady = (try? await api.getReadiness(GetReadiness.Input())) != nil
        return html(statusPage(isReady: isReady), status: isReady ? 200 : 503, id)
    }

    /// A page without scripts, which may not be shown inside another.
    private func html(_ html: String, status: Int, _ id: String) -> Answer {
        var answer = Answer(
            status: status,
            contentType: "text/html; charset=utf-8",
            body: Array(html.utf8),
            requestID: id
        )
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        answer.headers.add(name: "Content-Security-Policy", value: policy)
        answer.headers.add(name: "Referrer-Policy", value: "no-referrer")
        return answer
    }

    private func statusPage(isReady: Bool) -> String {
        let contract = apiAddress.map { #"<dt>API</dt><dd><a href="\#($0)/openapi.json">\#($0)</a></dd>"# } ?? ""
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Flotilla</title>
            <style>
            :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
            body { max-width: 36rem; margin: 4rem auto; padding: 0 1rem; }
            h1 { font-size: 1.25rem; }
            dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; }
            [role=alert] { border: 2px solid; padding: .5rem .75rem; font-weight: 600; }
            dd { margin: 0; font-variant-numeric: tabular-nums; }
            </style>
            </head>
            <body>
            \(isExposed ? "<p role=\"alert\">Agents need no credentials, and other machines reach the API.</p>" : "")
            <h1>Flotilla</h1>
            <dl>
            <dt>Service</dt><dd>\(isReady ? "ready" : "the database is away")</dd>
            <dt>Contract</dt><dd>\(ContractDocument.version), <a href="/reference">its reference</a></dd>
            <dt>As of</dt><dd>\(Timestamp.now)</dd>
            \(contract)
            </dl>
            </body>
            </html>

            """
    }
}

/// The reference, made once.
private enum ReferenceText {
    static let html = ReferencePage().html
}
