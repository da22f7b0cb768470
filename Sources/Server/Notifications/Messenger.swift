#if TLS
import AsyncHTTPClient
import ContractRuntime
import Handlers
import NIOCore
import NIOHTTP1
import Notifications
import Tracing

/// Sends messages over HTTP. It does not follow redirects, and reads a response only for its status and its retry delay.
///
/// All messengers share one connection pool, which exists until the process ends.
struct Messenger: MessageSender {
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // The client's own spans would contain the URL, which is a secret.
        configuration.tracing.tracer = nil
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Traces the deliveries; nil for no tracing.
    var tracer: OTLPTracer?

    func send(_ message: Message, to target: NotificationTarget, within limit: Duration) async -> SendOutcome {
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        request.headers = ["Content-Type": "application/json", "User-Agent": "flotilla"]
        request.body = .bytes(message.body(for: target.kind).bytes)
        guard let tracer else { return await outcome(of: request, within: limit) }
        // A delivery outside of a request or job starts a trace.
        let span = tracer.startSpan("POST \(target.name)", context: .current ?? .topLevel, ofKind: .client)
        tracer.inject(span.context, into: &request.headers, using: HeaderInjector())
        let outcome = await outcome(of: request, within: limit)
        span.note(outcome, of: target)
        span.end()
        return outcome
    }

    func post(_ push: PushRequest, within limit: Duration) async -> PushOutcome {
        var request = HTTPClientRequest(url: push.url)
        request.method = .POST
        request.headers = [
            "Authorization": push.authorization, "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream", "TTL": String(push.lifetime), "Urgency": "high",
            "User-Agent": "flotilla",
        ]
        request.body = .bytes(push.body)
        switch await reply(to: request, within: limit) {
        case .status(200..<300): return .accepted
        case .status(404), .status(410): return .ended
        case .status(let status): return .failed("HTTP status \(status)")
        case .limited(let seconds): return .limited(seconds: seconds)
        case .failed(let reason): return .failed(reason)
        }
    }

    /// Pings a monitoring service such as healthchecks.io with a GET request. Any 2xx response is a success.
    ///
    /// - Parameter limit: The timeout.
    func ping(_ url: String, within limit: Duration) async -> SendOutcome {
        var request = HTTPClientRequest(url: url)
        request.headers = ["User-Agent": "flotilla"]
        return await outcome(of: request, within: limit)
    }

    /// Sends an anchor of the audit log. Any 2xx response is a success.
    ///
    /// - Returns: Why it failed; nil if it was accepted.
    func send(_ anchor: AuditAnchor, to target: AnchorTarget, within limit: Duration) async -> String? {
        let parts = target.url.split(separator: "{position}", omittingEmptySubsequences: false)
        var request = HTTPClientRequest(url: parts.joined(separator: String(anchor.position)))
        request.method = target.method == .put ? .PUT : .POST
        request.headers = ["Content-Type": "application/json", "User-Agent": "flotilla"]
        request.body = .bytes(Array(anchor.json.description.utf8))
        return switch await outcome(of: request, within: limit) {
        case .sent: nil
        case .failed(let reason), .partly(_, let reason): reason
        case .limited: "HTTP status 429"
        }
    }

    // MARK: - Replies

    private enum Reply {
        case status(Int)
        /// 429, with the retry delay.
        case limited(seconds: Double)
        /// There is no response.
        case failed(String)
    }

    private func outcome(of request: HTTPClientRequest, within limit: Duration) async -> SendOutcome {
        switch await reply(to: request, within: limit) {
        case .status(200..<300): .sent
        case .status(let status): .failed("HTTP status \(status)")
        case .limited(let seconds): .limited(seconds: seconds)
        case .failed(let reason): .failed(reason)
        }
    }

    private func reply(to request: HTTPClientRequest, within limit: Duration) async -> Reply {
        do {
            let response = try await Self.client.execute(request, timeout: TimeAmount(limit))
            if response.status.code == 429 { return .limited(seconds: await seconds(in: response)) }
            return .status(Int(response.status.code))
        } catch {
            // The description of the error may contain the URL, which is a secret.
            return .failed((error as? HTTPClientError)?.shortDescription ?? "connection failed")
        }
    }

    /// The retry delay, 1 to 3,600 seconds: `Retry-After` (RFC 9110, section 10.2.3), or `retry_after` in the body, which Discord gives in
    /// seconds to the millisecond.
    private func seconds(in response: HTTPClientResponse) async -> Double {
        var seconds = response.headers.first(name: "Retry-After").flatMap { Double($0) } ?? 0
        if let body = try? await response.body.collect(upTo: 16_384),
            let json = try? JSONValue(json: Array(buffer: body)), case .number(let number)? = json["retry_after"],
            let exact = Double(number.text)
        {
            seconds = max(seconds, exact)
        }
        // `Double` also parses "nan", which min and max may return.
        return seconds.isNaN ? 1 : min(max(seconds, 1), 3_600)
    }
}

extension TraceSpan {
    /// Records the outcome of a delivery. The target has a name; its URL is a secret.
    fileprivate func note(_ outcome: SendOutcome, of target: NotificationTarget) {
        updateAttributes { attributes in
            attributes["http.request.method"] = "POST"
            attributes["flotilla.notification.target"] = target.name
            switch outcome {
            case .sent: break
            case .limited: attributes["error.type"] = "429"
            case .failed(let reason), .partly(_, let reason): attributes["error.type"] = reason
            }
        }
        if outcome != .sent { setStatus(SpanStatus(code: .error)) }
    }
}
#endif
