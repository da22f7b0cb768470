import AsyncHTTPClient
import ContractRuntime
import NIOCore
import NIOHTTP1

/// Sends messages to targets. It does not follow redirects, and reads a response only for its status and its retry delay.
public struct Messenger: Sendable {
    /// The outcome of sending a message.
    public enum Outcome: Hashable, Sendable {
        /// The target accepted the message.
        case sent
        /// The target is rate limiting and accepts no message for this many seconds.
        case limited(seconds: Double)
        /// The message did not arrive, or the outcome is unknown.
        case failed(String)
    }

    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: HTTPClient.Configuration(redirectConfiguration: .disallow)
    )

    /// Creates a messenger. All messengers share one connection pool, which exists until the process ends.
    public init() {}

    /// Sends one message and waits for the response.
    ///
    /// - Parameter limit: The timeout. After it, the outcome is unknown.
    public func send(_ message: Message, to target: NotificationTarget, within limit: Duration) async -> Outcome {
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        request.headers = ["Content-Type": "application/json", "User-Agent": "flotilla"]
        request.body = .bytes(message.body(for: target.kind).bytes)
        do {
            let response = try await Self.client.execute(request, timeout: TimeAmount(limit))
            return await outcome(of: response)
        } catch {
            // The description of the error may contain the URL, which is a secret.
            let reason = (error as? HTTPClientError)?.shortDescription ?? "connection failed"
            return .failed(reason)
        }
    }

    /// Pings a monitoring service such as healthchecks.io with a GET request. Any 2xx response is a success.
    ///
    /// - Parameter limit: The timeout.
    public func ping(_ url: String, within limit: Duration) async -> Outcome {
        var request = HTTPClientRequest(url: url)
        request.headers = ["User-Agent": "flotilla"]
        do {
            return await outcome(of: try await Self.client.execute(request, timeout: TimeAmount(limit)))
        } catch {
            return .failed((error as? HTTPClientError)?.shortDescription ?? "connection failed")
        }
    }

    private func outcome(of response: HTTPClientResponse) async -> Outcome {
        let status = Int(response.status.code)
        if (200..<300).contains(status) { return .sent }
        if status == 429 { return .limited(seconds: await seconds(in: response)) }
        return .failed("HTTP status \(status)")
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
