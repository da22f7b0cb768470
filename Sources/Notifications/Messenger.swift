import AsyncHTTPClient
import ContractRuntime
import NIOCore
import NIOHTTP1

/// Sends messages to targets. It follows no redirects, and what a target answers is read only as far as it says when to come again.
public struct Messenger: Sendable {
    /// What became of a message.
    public enum Outcome: Hashable, Sendable {
        /// The target took it.
        case sent
        /// The target wants nothing for so many seconds.
        case limited(seconds: Double)
        /// It did not arrive, or nobody knows.
        case failed(String)
    }

    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: HTTPClient.Configuration(redirectConfiguration: .disallow)
    )

    /// A messenger; all of them share one pool of connections, which lives as long as the process.
    public init() {}

    /// Sends one message and waits for the answer.
    ///
    /// - Parameter limit: How long it may take. After that nobody knows whether it arrived.
    public func send(_ message: Message, to target: NotificationTarget, within limit: Duration) async -> Outcome {
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        request.headers = ["Content-Type": "application/json", "User-Agent": "flotilla"]
        request.body = .bytes(message.body(for: target.kind).bytes)
        do {
            let response = try await Self.client.execute(request, timeout: TimeAmount(limit))
            return await outcome(of: response)
        } catch {
            // The error's own text may hold the URL, which is a secret.
            let reason = (error as? HTTPClientError)?.shortDescription ?? "no connection"
            return .failed(reason)
        }
    }

    /// Tells a service that waits for signs of life that there is one, as healthchecks.io does it: with a request whose answer means nothing
    /// but that it arrived.
    ///
    /// - Parameter limit: How long it may take.
    public func ping(_ url: String, within limit: Duration) async -> Outcome {
        var request = HTTPClientRequest(url: url)
        request.headers = ["User-Agent": "flotilla"]
        do {
            return await outcome(of: try await Self.client.execute(request, timeout: TimeAmount(limit)))
        } catch {
            return .failed((error as? HTTPClientError)?.shortDescription ?? "no connection")
        }
    }

    private func outcome(of response: HTTPClientResponse) async -> Outcome {
        let status = Int(response.status.code)
        if (200..<300).contains(status) { return .sent }
        if status == 429 { return .limited(seconds: await seconds(in: response)) }
        return .failed("status \(status)")
    }

    /// `Retry-After` in seconds (RFC 9110, section 10.2.3), or `retry_after` in the body, which Discord gives to the millisecond.
    private func seconds(in response: HTTPClientResponse) async -> Double {
        var seconds = response.headers.first(name: "Retry-After").flatMap { Double($0) } ?? 0
        if let body = try? await response.body.collect(upTo: 16_384),
            let json = try? JSONValue(json: Array(buffer: body)), case .number(let number)? = json["retry_after"],
            let exact = Double(number.text)
        {
            seconds = max(seconds, exact)
        }
        // `Double` reads "nan", too, of which no maximum is one.
        return seconds.isNaN ? 1 : min(max(seconds, 1), 3_600)
    }
}
